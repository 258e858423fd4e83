package report

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// reachSuites are those of what a Reach has found.
func reachSuites(run *v1alpha1.Report, r *v1alpha1.Reach) (all []suite) {
	if r.Matrix != nil {
		s := newSuite(run, "reach.nodes", r.VerdictMilliseconds)
		s.addMatrix(r.Matrix)
		all = append(all, s)
	}
	if r.Counts != nil {
		s := newSuite(run, "reach.vantages", r.VerdictMilliseconds)
		s.addVantages(r)
		all = append(all, s)
	}
	return all
}

// runOf is the part of a Reach that every run's Report has.
func runOf(r *v1alpha1.Reach) *v1alpha1.Report {
	return &v1alpha1.Report{
		Example: "reach", Verdict: r.Verdict, Error: r.Error, Interrupted: r.Interrupted, TimedOut: r.TimedOut,
		ToolVersion: r.ToolVersion, CommandLine: r.CommandLine, StartTime: r.StartTime, EndTime: r.EndTime,
		VerdictMilliseconds: r.VerdictMilliseconds, ElapsedMilliseconds: r.ElapsedMilliseconds, Run: r.Run, Cleanup: r.Cleanup,
	}
}

// pairCases: with more pairs, each node is a case and not each pair.
const pairCases = 1000

// addMatrix adds the cases of a Matrix to a suite: one per pair, or one per node
// that probed, where pairs are many; and one per node that did not take part.
func (s *suite) addMatrix(m *v1alpha1.Matrix) {
	perPair := m.PairsAreAll && len(m.Pairs) <= pairCases
	if perPair {
		for _, p := range m.Pairs {
			s.add(s.pairCase(p))
		}
	}
	for _, n := range m.Nodes {
		if perPair && n.Failed == "" && n.Skipped == "" {
			continue
		}
		s.add(s.nodeCase(m, n))
	}
	if m.CrossNodeSkipped != "" {
		s.add(testcase{Name: "between nodes", Skipped: &detail{Message: m.CrossNodeSkipped}})
	}
}

func (s *suite) pairCase(p v1alpha1.MatrixPair) testcase {
	c := testcase{Name: fmt.Sprintf("%s: %s reaches %s", p.Family, p.From, p.To), took: p.P50Microseconds / 1000}
	if l := lookOf(p); l.Class == "bad" {
		c.Failure = &detail{string(p.State), tip(p), tip(p)}
	} else {
		c.SystemOut = &output{tip(p)}
	}
	return c
}

func (s *suite) nodeCase(m *v1alpha1.Matrix, n v1alpha1.MatrixNode) testcase {
	c := testcase{Name: "pod on " + n.Name + " reaches all its peers"}
	switch {
	case n.Skipped != "":
		c.Skipped = &detail{Message: n.Skipped}
	case n.Failed != "":
		c.Error = &detail{string(v1alpha1.CouldNotRun), n.Failed, n.Failed}
	case n.Reaches.Failing > 0:
		c.Failure = &detail{string(v1alpha1.ClaimFailed), countsText(n.Reaches), failuresOf(m, n.Name)}
	default:
		c.SystemOut = &output{countsText(n.Reaches)}
	}
	return c
}

// failuresOf lists what the report holds of the pairs that a node failed to reach.
func failuresOf(m *v1alpha1.Matrix, node string) string {
	var lines []string
	for _, p := range m.Pairs {
		if p.From == node && lookOf(p).Class == "bad" {
			lines = append(lines, p.Family+": "+tip(p))
		}
	}
	return strings.Join(lines, "\n")
}

// addVantages adds the cases of a Reach to a suite: one per vantage point.
func (s *suite) addVantages(r *v1alpha1.Reach) {
	causes := ""
	for _, c := range r.Causes {
		causes += strings.Join(detailLines(details(c.What, c.Why, c.Remedy)), "\n") + "\n"
	}
	for _, v := range r.Vantages {
		c := testcase{Name: fmt.Sprintf("%s: %s is %s", reach.VantagePoint(v.Place).Words(), v.Address, expectedWords(v)), took: v.P50Microseconds / 1000}
		switch v.Outcome {
		case v1alpha1.VantageSkipped:
			c.Skipped = &detail{Message: v.Skipped}
		case v1alpha1.VantageFailed:
			c.Failure = &detail{v.Found, foundWords(v) + ": " + v.Error, causes}
		default:
			text := fmt.Sprintf("%s: %s", v.Proves, foundWords(v))
			if v.P50Microseconds > 0 {
				text += fmt.Sprintf(" (%s)", latencyOf(v.P50Microseconds))
			}
			c.SystemOut = &output{text}
		}
		s.add(c)
	}
}

// runOfConformance is the part of a ConformanceReport that every run's Report has.
func runOfConformance(r *v1alpha1.ConformanceReport) *v1alpha1.Report {
	return &v1alpha1.Report{
		Example: "conformance", Verdict: r.Verdict, Error: r.Error, Interrupted: r.Interrupted, Images: r.Images, ToolVersion: r.ToolVersion,
		StartTime: metav1.NewMicroTime(r.Date.Time), ElapsedMilliseconds: r.ElapsedMilliseconds,
		Run: v1alpha1.Run{Context: r.Cluster.Context, ServerVersion: r.Cluster.Version},
	}
}

func profileSuite(run *v1alpha1.Report, p v1alpha1.ConformanceProfile) suite {
	s := newSuite(run, "conformance."+p.Name, p.ElapsedMilliseconds)
	for _, a := range p.Assertions {
		s.add(assertionCase(a))
	}
	for _, problem := range p.Problems {
		s.add(testcase{Name: "run of the profile", Error: &detail{string(v1alpha1.CouldNotRun), problem, problem}})
	}
	return s
}

func assertionCase(a v1alpha1.AssertionResult) testcase {
	c := testcase{Name: a.ID, took: a.ElapsedMilliseconds}
	text := fmt.Sprintf("%s (%s, %s)", a.Requirement, a.Level, a.Source)
	what := &detail{string(a.Result), a.Reason, text + "\n" + a.Reason}
	switch a.Result {
	case v1alpha1.AssertionFailed:
		c.Failure = what
	case v1alpha1.AssertionNotChecked:
		c.Error = what
	case v1alpha1.AssertionSkipped:
		c.Skipped = &detail{Message: a.Reason}
	default:
		c.SystemOut = &output{text}
	}
	return c
}
