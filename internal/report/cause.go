package report

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// shown is what a Document has of causes so far. One that affects several Pods is shown in
// full for the first of them, and for the others with what differs.
type shown struct {
	// failures are the messages of those that were the first of their cause.
	failures map[string]string
	pods     []shownPod
}

// shownPod is one whose evidence was shown in full, with its lines, nameless.
type shownPod struct {
	name  string
	lines map[string]bool
}

func newShown() *shown { return &shown{failures: map[string]string{}} }

// failure is the Finding of a step that failed.
func (s *shown) failure(st v1alpha1.Step) Finding {
	f := st.Failure
	finding := Finding{Mark: markFailed, Text: positioned(st.Position, f.Message), Position: st.Position, Details: details(f.What, f.Why, f.Remedy)}
	if f.What == "" {
		return finding
	}
	finding.cause = anonymous(f.What + "\n" + f.Why)
	if first, found := s.failures[finding.cause]; found {
		finding.Details = details(f.What, "the same as above: "+first, "")
	} else {
		s.failures[finding.cause] = finding.Text
	}
	return finding
}

// What differs between Pods that one cause affects: their names, IDs, when and how often it was
// seen, how long something took.
var (
	podNames = regexp.MustCompile(`\b(pods?|container) "[^"]*"`)
	chance   = regexp.MustCompile(`^\d\d:\d\d:\d\d  | \(\d+ times\)$|\b[0-9a-f]{8,}\b|\b[\d.]+m?s\b`)
)

func anonymous(text string) string {
	return chance.ReplaceAllString(podNames.ReplaceAllString(text, "$1"), "")
}

// evidence are the lines for what the cluster said of some Pods.
func (s *shown) evidence(of []v1alpha1.Evidence) (lines []string) {
	for _, e := range of {
		all := partsOf(e)
		first, rest := s.like(all, e.Pod)
		switch {
		case size(all) == 0: // it may not be read
		case first == "":
			s.pods = append(s.pods, shownPod{e.Pod, namelessLines(all, e.Pod)})
			lines = append(lines, linesOf(all, "")...)
		case len(rest) == 0 && first == e.Pod: // it is shown above
		case len(rest) == 0:
			lines = append(lines, fmt.Sprintf("pod %q: the same as pod %q", e.Pod, first))
		default:
			lines = append(lines, fmt.Sprintf("pod %q: the same as pod %q, but for:", e.Pod, first))
			lines = append(lines, linesOf(rest, "  ")...)
		}
	}
	return lines
}

// like finds the first Pod of which the cluster said at least half of what it says of another,
// and the rest.
func (s *shown) like(all []part, pod string) (first string, rest []part) {
	for _, p := range s.pods {
		if rest = without(all, p.lines, pod); 2*size(rest) <= size(all) {
			return p.name, rest
		}
	}
	return "", nil
}

// part is one of what the cluster said of a Pod.
type part struct {
	heading string
	lines   []string
	// log: a line says little without those beside it.
	log bool
}

func partsOf(e v1alpha1.Evidence) []part {
	parts := []part{{lines: e.Status}, {heading: "events (UTC):", lines: e.Events}}
	for _, l := range e.Logs {
		which := ""
		if l.Previous {
			which = " before its restart"
		}
		parts = append(parts, part{fmt.Sprintf("last log lines of container %q%s:", l.Container, which), l.Lines, true})
	}
	return parts
}

func linesOf(parts []part, indent string) (lines []string) {
	for _, p := range parts {
		deeper := indent
		if p.heading != "" && len(p.lines) > 0 {
			lines, deeper = append(lines, indent+p.heading), indent+"  "
		}
		for _, l := range p.lines {
			lines = append(lines, deeper+l)
		}
	}
	return lines
}

func size(parts []part) (lines int) {
	for _, p := range parts {
		lines += len(p.lines)
	}
	return lines
}

// nameless is a line about a Pod without what differs between Pods. Containers are often named
// as their Pod.
func nameless(line, pod string) string {
	return anonymous(regexp.MustCompile(`\b`+regexp.QuoteMeta(pod)+`\b`).ReplaceAllString(line, "…"))
}

func namelessLines(parts []part, pod string) map[string]bool {
	known := map[string]bool{}
	for _, p := range parts {
		for _, l := range p.lines {
			known[nameless(l, pod)] = true
		}
	}
	return known
}

// without are the parts about a Pod without what is known; of a log, it is all or nothing.
func without(parts []part, known map[string]bool, pod string) (out []part) {
	for _, p := range parts {
		rest := slices.DeleteFunc(slices.Clone(p.lines), func(l string) bool { return known[nameless(l, pod)] })
		if p.log && len(rest) > 0 {
			rest = p.lines
		}
		if len(rest) > 0 {
			out = append(out, part{p.heading, rest, p.log})
		}
	}
	return out
}
