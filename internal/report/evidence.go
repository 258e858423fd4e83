package report

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// kept tells evidence in lines, as the cluster said it.
func kept(e v1alpha1.Evidence) []string {
	lines := append([]string{}, e.Status...)
	section := func(heading string, of []string) {
		if len(of) > 0 {
			lines = append(lines, heading)
		}
		for _, l := range of {
			lines = append(lines, "  "+l)
		}
	}
	section("events (UTC):", e.Events)
	for _, l := range e.Logs {
		which := ""
		if l.Previous {
			which = ", before it was started again"
		}
		section(fmt.Sprintf("last lines of container %q%s:", l.Container, which), l.Lines)
	}
	return lines
}

// keptOf tells all evidence of a step, in lines.
func keptOf(st v1alpha1.Step) (lines []string) {
	for _, e := range st.Evidence {
		lines = append(lines, kept(e)...)
	}
	return lines
}
