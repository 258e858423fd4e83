package report

import (
	"fmt"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// pairCases: with more pairs, each node is a case and not each pair.
const pairCases = 1000

// addMatrix adds the cases of a Matrix to a suite: one per pair, or one per node
// that asked, where pairs are many; and one per node that did not take part.
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
		s.add(testcase{Name: "between nodes", Classname: s.Name, Time: xmlSeconds(0), Skipped: &detail{Message: oneLine(m.CrossNodeSkipped)}})
	}
}

func (s *suite) pairCase(p v1alpha1.MatrixPair) testcase {
	c := testcase{Name: fmt.Sprintf("%s: %s reaches %s", p.Family, p.From, p.To), Classname: s.Name, Time: xmlSeconds(p.P50Microseconds / 1000)}
	if l := lookOf(p); l.Class == "bad" {
		c.Failure = &detail{Type: string(p.State), Message: oneLine(tip(p)), Text: tip(p)}
	} else {
		c.SystemOut = &output{tip(p)}
	}
	return c
}

func (s *suite) nodeCase(m *v1alpha1.Matrix, n v1alpha1.MatrixNode) testcase {
	c := testcase{Name: "pod on " + n.Name + " reaches all that it probes", Classname: s.Name, Time: xmlSeconds(0)}
	switch {
	case n.Skipped != "":
		c.Skipped = &detail{Message: oneLine(n.Skipped)}
	case n.Failed != "":
		c.Error = &detail{Type: string(v1alpha1.CouldNotRun), Message: oneLine(n.Failed), Text: visible(n.Failed)}
	case n.Reaches.Failing > 0:
		c.Failure = &detail{Type: string(v1alpha1.ClaimFailed), Message: oneLine(countsText(n.Reaches)), Text: visible(failuresOf(m, n.Name))}
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
