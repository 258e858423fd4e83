package report

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// vantages tells the truth table of a Reach, and what explains it.
func (t *Terminal) vantages(r *v1alpha1.Reach) {
	t.line("")
	t.wrapped(clean(targetText(r.Target)))
	t.line("")
	wide := 0
	for _, v := range r.Vantages {
		wide = max(wide, len(hostOf(v)))
	}
	// An address that does not fit beside the others has a line of its own.
	if rest := t.width - len(fmt.Sprintf(vantageLine, "", "", 0, "", "", "", "")) - len("10000.0 ms"); wide > rest {
		wide = 0
	}
	if t.width >= vantageNarrow {
		t.line(t.style.dim(fmt.Sprintf(vantageLine, " ", "ASKED FROM", wide, "ADDRESS"[:min(wide, 7)], "EXPECTED", "FOUND", "LATENCY")))
	}
	for i, v := range r.Vantages {
		if t.width >= vantageNarrow {
			t.vantage(v, wide)
		} else {
			t.narrowVantage(v)
		}
		// What is the same of several rows in turn is said once.
		if i+1 == len(r.Vantages) || proofText(r.Vantages[i+1]) != proofText(v) {
			t.proof(v)
		}
	}
	t.reachCauses(r.Causes)
}

// vantageLine is a row: mark, place, address, expected, found, latency; below
// vantageNarrow columns there is no room for it.
const (
	vantageLine   = "  %s %-17s %-*s  %-11s  %-12s %s"
	vantageNarrow = 60
)

func (t *Terminal) vantage(v v1alpha1.Vantage, wide int) {
	latency := vantageLatency(v)
	address := clean(hostOf(v))
	if wide == 0 {
		address = ""
	}
	t.line(fmt.Sprintf(vantageLine, t.vantageMark(v), reach.VantagePoint(v.Place).Words(), wide, address, expectedWords(v), foundWords(v), latency))
	if wide == 0 {
		t.line("      " + clean(hostOf(v)))
	}
}

// narrowVantage tells of a row in lines of their own.
func (t *Terminal) narrowVantage(v v1alpha1.Vantage) {
	t.marked(t.vantageMark(v), reach.VantagePoint(v.Place).Words())
	t.line("      " + clean(hostOf(v)))
	t.labelled("expected", expectedWords(v))
	t.labelled("found   ", strings.TrimSpace(foundWords(v)+" "+vantageLatency(v)))
}

func vantageLatency(v v1alpha1.Vantage) string {
	if v.Found != "answered" {
		return ""
	}
	return latencyOf(v.P50Microseconds)
}

func (t *Terminal) vantageMark(v v1alpha1.Vantage) string {
	switch v.Outcome {
	case v1alpha1.VantageMet:
		return t.style.met()
	case v1alpha1.VantageFailed:
		return t.style.failed()
	case v1alpha1.VantageLesson:
		return t.style.dim("·")
	default:
		return t.style.open()
	}
}

// proof says what a row shows, or why it shows nothing.
func (t *Terminal) proof(v v1alpha1.Vantage) {
	text := proofText(v)
	for _, l := range wrap(clean(text), min(t.width, 80)-6) {
		t.line("      " + t.style.dim(l))
	}
}

func proofText(v v1alpha1.Vantage) string {
	switch v.Outcome {
	case v1alpha1.VantageSkipped:
		return "skipped: " + v.Skipped
	case v1alpha1.VantageFailed:
		return strings.TrimSuffix(fmt.Sprintf("not reached from %s: %s", v.Caller, v.Error), ": ")
	default:
		return v.Proves
	}
}

func (t *Terminal) reachCauses(causes []v1alpha1.ReachCause) {
	for _, c := range causes {
		mark := t.style.failed()
		if c.Warning {
			mark = t.style.warning()
		}
		t.line("")
		t.marked(mark, c.What)
		t.labelled("why", c.Why)
		t.labelled("do ", c.Remedy)
	}
}

func targetText(target *v1alpha1.ReachTarget) string {
	what := "Target: pod " + target.Name
	if target.Existing {
		what += ", as it is,"
	}
	text := fmt.Sprintf("%s on %s, %s, port %d.", what, target.Node, strings.Join(target.IPs, " and "), target.Port)
	if target.Version != "" {
		return text + fmt.Sprintf(" Only it answers the version %s.", target.Version)
	}
	return text + " What only it would answer is not known: a connection is enough."
}

// vantagesText sums up a truth table.
func vantagesText(r *v1alpha1.Reach) string {
	c := r.Counts
	text := fmt.Sprintf("Reached in %d of %d ways", c.Met, c.Met+c.Failed)
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
		return "reached"
	case string(reach.NotReached):
		return "not reached"
	default:
		return "either"
	}
}

var foundTexts = map[string]string{
	"answered": "reached", "refused": "refused", "timeout": "timed out", "unreachable": "unreachable", "reset": "reset",
	"protocol": "not HTTP/200", "wrongAnswer": "wrong answer", "flaky": "flaky", "error": "error",
}

func foundWords(v v1alpha1.Vantage) string {
	if v.Outcome == v1alpha1.VantageSkipped {
		return "skipped"
	}
	return foundTexts[v.Found]
}

func latencyOf(microseconds int64) string {
	return fmt.Sprintf("%.1f ms", (time.Duration(microseconds)*time.Microsecond).Seconds()*1000)
}
