// Package engine runs an example on a cluster and reports what happens as a
// stream of events: commands, output, claims that hold or fail, the cleanup.
//
// Both front ends, the kubectl plugin and the e2e suite, run examples through
// it, so they cannot disagree. It decides nothing about presentation.
package engine
