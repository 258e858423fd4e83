package report

import (
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// markdownOf is the page of one step.
func markdownOf(t *testing.T, st v1alpha1.Step) string {
	t.Helper()
	r := &v1alpha1.Report{Example: "x", Scenarios: []v1alpha1.Scenario{{Title: "One", Steps: []v1alpha1.Step{st}}}}
	_, page, _ := strings.Cut(string(written(t, "markdown", r)), "## One\n\n")
	return page
}

func TestMarkdownProseMeansNothingButItself(t *testing.T) {
	for text, want := range map[string]string{
		"a *b* _c_ <d> [e](f) & `g`": "a \\*b\\* \\_c\\_ \\<d\\> \\[e\\](f) \\& \\`g\\`\n",
		"--now, and 30 s":            "--now, and 30 s\n",
		"- no list":                  "\\- no list\n",
		"1. no list":                 "1\\. no list\n",
		"# no heading":               "\\# no heading\n",
		"---":                        "\\---\n",
	} {
		if got := markdownOf(t, v1alpha1.Step{Say: text}); got != want {
			t.Errorf("%q: expected %q, found %q", text, want, got)
		}
	}
	if got, want := markdownOf(t, v1alpha1.Step{Claims: []v1alpha1.Claim{{Claim: "<b>", Outcome: v1alpha1.Met}}}), "- ✓ \\<b\\>\n"; got != want {
		t.Errorf("expected %q, found %q", want, got)
	}
}

// TestMarkdownCodeCannotEndItsBlock, nor can a program have the run look for a fence for minutes.
func TestMarkdownCodeCannotEndItsBlock(t *testing.T) {
	long := strings.Repeat("`", 1<<20)
	for output, want := range map[string]string{
		"```\n# a\n````\n": "`````console\n$ cat x\n```\n# a\n````\n`````\n",
		"`` a\n":           "```console\n$ cat x\n`` a\n```\n",
		long + "\n":        long + "`console\n$ cat x\n" + long + "\n" + long + "`\n",
	} {
		if got := markdownOf(t, v1alpha1.Step{Command: "cat x", Stdout: output}); got != want {
			t.Errorf("expected %.100q, found %.100q", want, got)
		}
	}
}
