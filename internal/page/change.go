package page

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/pmezard/go-difflib/difflib"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Corrected is the page with the smallest change that makes it true, by what a run has found.
// Values of the page that stand for others on the cluster stay, so that another run changes
// nothing.
func (p *Page) Corrected(r *v1alpha1.Report) string {
	outcomes, failed := map[string]expect.Outcome{}, map[string]bool{}
	for _, sc := range r.Scenarios {
		for _, st := range sc.Steps {
			if st.Name != "" && isDecided(st) {
				outcomes[st.Name] = expect.Outcome{Stdout: st.Stdout, Stderr: st.Stderr, ExitCode: exitCode(st)}
			}
			for _, c := range st.Claims {
				failed[c.Expression] = failed[c.Expression] || c.Outcome == v1alpha1.Failed
			}
		}
	}
	h := *p.judge(outcomes, r.Run.Namespace, "")
	// A report holds no credentials: what it lacks for that is no difference of the page.
	h.differences = slices.DeleteFunc(slices.Clone(h.differences), func(d difference) bool { return !failed[shownCall(d.id)] })
	return p.corrected(&h)
}

// corrected is the page with the changes of a history.
func (p *Page) corrected(h *history) string {
	var all []change
	for _, d := range h.differences {
		if d.change != nil && isOutput(d.change.text) {
			all = append(all, *d.change)
		}
	}
	text := p.apply(append(all, p.renames(h.renamed)...))
	if now, err := Read(p.Name, strings.NewReader(text)); err != nil || now.blocks != p.blocks || len(now.commands) != len(p.commands) {
		return string(p.text) // what is printed would become a part of the page
	}
	return text
}

// isOutput reports whether a text of the cluster can only be output on a page: it does not look
// like a prompt, ends no fence, and has no character that an editor hides or a terminal obeys.
func isOutput(text string) bool {
	for l := range strings.Lines(text) {
		l = strings.TrimLeft(strings.TrimSuffix(l, "\n"), " \t>")
		if strings.HasPrefix(l, "```") || strings.HasPrefix(l, "~~~") || endsFence(l) || hasPrompt([]line{{text: l}}, false) ||
			strings.ContainsFunc(l, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }) {
			return false
		}
	}
	return true
}

// isDecided reports whether a step's command ran to its end: what one printed that did not says
// nothing about the page.
func isDecided(st v1alpha1.Step) bool {
	return st.Command != "" && st.Failure == nil && (len(st.Claims) == 0 || st.Claims[0].Outcome != v1alpha1.NotChecked)
}

// exitCode is that of a step's command, as far as it matters: the claim that it succeeds is
// the first one.
func exitCode(st v1alpha1.Step) int {
	if len(st.Claims) > 0 && st.Claims[0].Outcome == v1alpha1.Failed {
		return 1
	}
	return 0
}

// renames write a value as the cluster has it wherever code of the page has it.
func (p *Page) renames(renamed map[string]string) (all []change) {
	for shown, found := range renamed {
		for _, code := range p.code {
			for at := range placesIn(string(p.text[code.start:code.end]), shown) {
				all = append(all, change{span{code.start + at, code.start + at + len(shown)}, found})
			}
		}
	}
	return all
}

// apply makes changes; of those that overlap, it makes the first one.
func (p *Page) apply(all []change) string {
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(a.start, b.start) })
	lineBreak := "\n"
	if bytes.Contains(p.text, []byte("\r\n")) {
		lineBreak = "\r\n"
	}
	var b strings.Builder
	at := 0
	for _, c := range all {
		if c.start < at {
			continue
		}
		b.Write(p.text[at:c.start])
		b.WriteString(strings.ReplaceAll(c.text, "\n", lineBreak))
		at = c.end
	}
	b.Write(p.text[at:])
	return b.String()
}

// Patch is the change of a page as a patch in the unified format, or "".
func (p *Page) Patch(corrected string) string {
	name := strings.TrimPrefix(p.Name, "/")
	patch, _ := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{ // a text takes everything
		A: difflib.SplitLines(string(p.text)), B: difflib.SplitLines(corrected), FromFile: "a/" + name, ToFile: "b/" + name, Context: 3,
	})
	return patch
}
