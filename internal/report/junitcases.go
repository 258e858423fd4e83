package report

import (
	"fmt"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// reachSuites are those of what a Reach has found.
func reachSuites(r *v1alpha1.Reach) (all []suite) {
	if r.Matrix != nil {
		s := newSuite(&r.RunResult, "reach.nodes", r.VerdictMilliseconds)
		s.addMatrix(r.Matrix)
		all = append(all, s)
	}
	if r.Counts != nil {
		s := newSuite(&r.RunResult, "reach.vantages", r.VerdictMilliseconds)
		s.addVantages(r)
		all = append(all, s)
	}
	return all
}

// pairCases: with more pairs, each node is a case and not each pair.
const pairCases = 1000

// addMatrix adds the cases of a Matrix to a suite: one per pair, or one per node
// that probed, where pairs are many; and one per node that did not take part.
func (s *suite) addMatrix(m *v1alpha1.Matrix) {
	perPair := m.PairsAreAll && len(m.Pairs) <= pairCases
	if perPair {
		for _, p := range m.Pairs {
			s.add(p.P50Microseconds/1000, pairCase(p))
		}
	}
	for _, n := range m.Nodes {
		if perPair && n.Failed == "" && n.Skipped == "" {
			continue
		}
		s.add(0, nodeCase(m, n))
	}
	if m.CrossNodeSkipped != "" {
		s.add(0, junit.Testcase{Name: "between nodes", Skipped: &junit.Result{Message: m.CrossNodeSkipped}})
	}
}

func pairCase(p v1alpha1.MatrixPair) junit.Testcase {
	c := junit.Testcase{Name: fmt.Sprintf("%s: %s reaches %s", p.Family, p.From, p.To)}
	if l := lookOf(p); l.Class == "bad" {
		c.Failure = &junit.Result{Type: string(p.State), Message: tip(p), Data: tip(p)}
	} else {
		c.SystemOut = &junit.Output{Data: tip(p)}
	}
	return c
}

func nodeCase(m *v1alpha1.Matrix, n v1alpha1.MatrixNode) junit.Testcase {
	c := junit.Testcase{Name: "pod on " + n.Name + " reaches all its peers"}
	switch {
	case n.Skipped != "":
		c.Skipped = &junit.Result{Message: n.Skipped}
	case n.Failed != "":
		c.Error = &junit.Result{Type: string(v1alpha1.CouldNotRun), Message: n.Failed, Data: n.Failed}
	case n.Reaches.Failing > 0:
		c.Failure = &junit.Result{Type: string(v1alpha1.ClaimFailed), Message: countsText(n.Reaches), Data: failuresOf(m, n.Name)}
	default:
		c.SystemOut = &junit.Output{Data: countsText(n.Reaches)}
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
		c := junit.Testcase{Name: fmt.Sprintf("%s: %s is %s", reach.VantagePoint(v.Place).Words(), v.Address, expectedWords(v))}
		switch v.Outcome {
		case v1alpha1.VantageSkipped:
			c.Skipped = &junit.Result{Message: v.Skipped}
		case v1alpha1.VantageFailed:
			c.Failure = &junit.Result{Type: v.Found, Message: foundWords(v) + ": " + v.Error, Data: causes}
		default:
			text := fmt.Sprintf("%s: %s", v.Proves, foundWords(v))
			if v.P50Microseconds > 0 {
				text += fmt.Sprintf(" (%s)", micros(v.P50Microseconds))
			}
			c.SystemOut = &junit.Output{Data: text}
		}
		s.add(v.P50Microseconds/1000, c)
	}
}

func profileSuite(run *v1alpha1.RunResult, p v1alpha1.ConformanceProfile) suite {
	s := newSuite(run, "conformance."+p.Name, p.ElapsedMilliseconds)
	for _, a := range p.Assertions {
		s.add(a.ElapsedMilliseconds, assertionCase(a))
	}
	for _, problem := range p.Problems {
		s.add(0, junit.Testcase{Name: "run of the profile", Error: &junit.Result{Type: string(v1alpha1.CouldNotRun), Message: problem, Data: problem}})
	}
	return s
}

func assertionCase(a v1alpha1.AssertionResult) junit.Testcase {
	c := junit.Testcase{Name: a.ID}
	text := fmt.Sprintf("%s (%s, %s)", a.Requirement, a.Level, a.Source)
	what := &junit.Result{Type: string(a.Result), Message: a.Reason, Data: text + "\n" + a.Reason}
	switch a.Result {
	case v1alpha1.AssertionFailed:
		c.Failure = what
	case v1alpha1.AssertionNotChecked:
		c.Error = what
	case v1alpha1.AssertionSkipped:
		c.Skipped = &junit.Result{Message: a.Reason}
	default:
		c.SystemOut = &junit.Output{Data: text}
	}
	return c
}
