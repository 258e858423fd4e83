package report

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// addVantages adds the cases of a truth table to a suite: one per row.
func (s *suite) addVantages(r *v1alpha1.Reach) {
	for _, v := range r.Vantages {
		c := testcase{
			Name:      fmt.Sprintf("%s: %s is %s", reach.VantagePoint(v.Place).Words(), v.Address, expectedWords(v)),
			Classname: s.Name, Time: xmlSeconds(v.P50Microseconds / 1000),
		}
		switch v.Outcome {
		case v1alpha1.VantageSkipped:
			c.Skipped = &detail{Message: oneLine(v.Skipped)}
		case v1alpha1.VantageFailed:
			c.Failure = &detail{Type: v.Found, Message: oneLine(foundWords(v) + ": " + v.Error), Text: visible(causesText(r.Causes))}
		default:
			text := fmt.Sprintf("%s: %s", v.Proves, foundWords(v))
			if v.P50Microseconds > 0 {
				text += fmt.Sprintf(" (%s)", latencyOf(v.P50Microseconds))
			}
			c.SystemOut = &output{visible(text)}
		}
		s.add(c)
	}
}

func causesText(causes []v1alpha1.ReachCause) string {
	text := ""
	for _, c := range causes {
		text += fmt.Sprintf("what  %s\nwhy   %s\ndo    %s\n", c.What, c.Why, c.Remedy)
	}
	return text
}
