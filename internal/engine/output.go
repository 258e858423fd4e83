package engine

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

// output is what a command printed, as it is shown.
func output(res kubectl.Result, show *regexp.Regexp) Output {
	out := Output{Stdout: res.Stdout, Stderr: res.Stderr + cutNote(res.StderrCut)}
	if show != nil {
		var kept strings.Builder
		for line := range strings.Lines(res.Stdout) {
			if show.MatchString(strings.TrimSuffix(line, "\n")) {
				kept.WriteString(line)
			}
		}
		out.Stdout = kept.String()
	}
	out.Stdout += cutNote(res.StdoutCut)
	return out
}

// cutNote says that a command printed more than is kept.
func cutNote(beyond int64) string {
	if beyond == 0 {
		return ""
	}
	return fmt.Sprintf("\n[truncated: %d more bytes; the first %d MiB are kept]\n", beyond, kubectl.MaxOutput>>20)
}
