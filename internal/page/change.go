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
	outcomes := map[string]expect.Outcome{}
	for _, sc := range r.Scenarios {
		for _, st := range sc.Steps {
			if st.Name != "" && st.Command != "" {
				outcomes[st.Name] = expect.Outcome{Stdout: st.Stdout, Stderr: st.Stderr, ExitCode: exitCode(st)}
			}
		}
	}
	h := p.judge(outcomes, r.Run.Namespace, "")
	known := map[string]bool{}
	for _, c := range p.commands {
		for _, l := range c.output {
			known[l.id] = c.note.Known != ""
		}
	}
	return p.corrected(h, known)
}

// corrected is the page with the changes of a history; known are statements that stay.
func (p *Page) corrected(h *history, known map[string]bool) string {
	var all []change
	for _, d := range h.differences {
		if d.change != nil && !known[d.id] {
			all = append(all, *d.change)
		}
	}
	all = append(all, p.renames(h.renamed)...)
	if text := p.apply(all); p.staysAsRead(text) {
		return text
	}
	var kept []change
	for _, c := range all {
		if with := append(slices.Clip(kept), c); p.staysAsRead(p.apply(with)) {
			kept = with
		}
	}
	return p.apply(kept)
}

// staysAsRead tells whether a changed page has the same commands and blocks: what a cluster
// prints may look like a prompt, or end a fence, and must not become a part of the page.
func (p *Page) staysAsRead(text string) bool {
	if hidden(text) > hidden(string(p.text)) {
		return false
	}
	now, err := Read(p.Name, strings.NewReader(text))
	return err == nil && now.blocks == p.blocks && len(now.commands) == len(p.commands)
}

// hidden counts the characters that an editor would not show, or a terminal obey.
func hidden(text string) (n int) {
	for _, r := range strings.ReplaceAll(text, "\r\n", "\n") {
		if r == '\r' || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			n++
		}
	}
	return n
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
			text := string(p.text[code.start:code.end])
			for from := 0; ; {
				i := indexWord(text[from:], shown)
				if i < 0 {
					break
				}
				at := code.start + from + i
				all = append(all, change{span{at, at + len(shown)}, found})
				from += i + len(shown)
			}
		}
	}
	return all
}

// apply makes changes; of those that overlap, it makes the first one.
func (p *Page) apply(all []change) string {
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(a.start, b.start) })
	var b strings.Builder
	at := 0
	for _, c := range all {
		if c.start < at {
			continue
		}
		b.Write(p.text[at:c.start])
		b.WriteString(strings.ReplaceAll(c.text, "\n", p.lineBreak()))
		at = c.end
	}
	b.Write(p.text[at:])
	return b.String()
}

// lineBreak is that of the page.
func (p *Page) lineBreak() string {
	if bytes.Contains(p.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// Patch is the change of a page as a patch in the unified format, or "".
func (p *Page) Patch(corrected string) string {
	name := strings.TrimPrefix(p.Name, "/")
	patch, _ := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{ // a text takes everything
		A: difflib.SplitLines(string(p.text)), B: difflib.SplitLines(corrected), FromFile: "a/" + name, ToFile: "b/" + name, Context: 3,
	})
	return patch
}
