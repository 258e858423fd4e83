// Command bench measures, in one run on one machine, what kubectl-kbe and
// kbe-cluster cost, beside what they are to be compared with: the time that the
// cluster itself takes to start the same pods, and the same page by hand. Subjects
// alternate, round by round, so that a noisy machine is noisy to all of them. What
// counts are the ratios of medians.
//
// Nothing is asserted here: counts that do not depend on the machine are, in e2e.
package main
