package report

import (
	"fmt"
	"net"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// vantageBlocks are the vantage points of a Reach, and what explains their outcomes.
func vantageBlocks(r *v1alpha1.Reach) []Block {
	table := Table{NoteTitle: "What it shows", Columns: []Column{
		{Title: "Probed from", Width: 16}, {Title: "Address", Wide: true}, {Title: "Expected", Width: 13}, {Title: "Found", Width: 11}, {Title: "Latency"},
	}}
	for _, v := range r.Vantages {
		table.Rows = append(table.Rows, Row{
			Mark:  vantageMarks[v.Outcome],
			Cells: []string{reach.VantagePoint(v.Place).Words(), hostOf(v), expectedWords(v), foundWords(v), vantageLatency(v)},
			Note:  proofText(v),
		})
	}
	blocks := []Block{Break{}, Prose{Text: targetText(r.Target)}, Break{}, table}
	for _, c := range r.Causes {
		mark := markFailed
		if c.Warning {
			mark = markWarning
		}
		blocks = append(blocks, Break{}, Finding{Mark: mark, Text: c.What, Details: details("", c.Why, c.Remedy)})
	}
	return blocks
}

var vantageMarks = map[v1alpha1.VantageOutcome]mark{
	v1alpha1.VantageMet:     {"met", "✓", "As expected"},
	v1alpha1.VantageFailed:  markFailed,
	v1alpha1.VantageSkipped: {"open", "–", "Skipped"},
	v1alpha1.VantageLesson:  {"soft", "·", "A lesson"},
}

func vantageLatency(v v1alpha1.Vantage) string {
	if foundWords(v) != foundTexts["answered"] {
		return ""
	}
	return micros(v.P50Microseconds)
}

func proofText(v v1alpha1.Vantage) string {
	switch v.Outcome {
	case v1alpha1.VantageSkipped:
		return "skipped: " + v.Skipped
	case v1alpha1.VantageFailed:
		return strings.TrimSuffix(fmt.Sprintf("not reachable from %s: %s", v.Caller, v.Error), ": ")
	default:
		return v.Proves
	}
}

func targetText(target *v1alpha1.ReachTarget) string {
	what := "pod "
	if target.Existing {
		what = "existing pod "
	}
	text := fmt.Sprintf("Target: %s on %s, %s, port %d.", what+target.Name, target.Node, strings.Join(target.IPs, " and "), target.Port)
	if target.Version != "" {
		return text + fmt.Sprintf(" Only this pod reports version %s.", target.Version)
	}
	return text + " Its version is not known, so any connection counts as reachable."
}

// vantagesText sums up the vantage points.
func vantagesText(r *v1alpha1.Reach) string {
	c := r.Counts
	total := c.Met + c.Failed
	if r.Verdict == v1alpha1.CouldNotRun { // a fault kept some of them from probing
		total += c.Skipped
	}
	text := fmt.Sprintf("Reachable from %d of %s", c.Met, Plural(total, "place"))
	if c.Met == total && total > 1 {
		text = fmt.Sprintf("Reachable from all %d places", c.Met)
	}
	if c.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", c.Skipped)
	}
	return text
}

// hostOf is the address without its port, which all rows share.
func hostOf(v v1alpha1.Vantage) string {
	host, _, err := net.SplitHostPort(v.Address)
	if err != nil {
		return v.Address
	}
	return host
}

func expectedWords(v v1alpha1.Vantage) string {
	switch v.Expected {
	case string(reach.Reached):
		return "reachable"
	case string(reach.NotReached):
		return "not reachable"
	default:
		return "either"
	}
}

var foundTexts = map[string]string{
	"answered": "reachable", "refused": "refused", "timeout": "timed out", "unreachable": "unreachable", "reset": "reset",
	"protocol": "not HTTP/200", "wrongAnswer": "wrong answer", "flaky": "flaky", "error": "error",
}

func foundWords(v v1alpha1.Vantage) string {
	switch v.Outcome {
	case v1alpha1.VantageSkipped:
		return "skipped"
	case v1alpha1.VantageMet: // by any connection, if the target's version is not known
		return foundTexts["answered"]
	default:
		return foundTexts[v.Found]
	}
}
