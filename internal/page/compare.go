package page

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// shownOutput is what a page shows that a command prints.
type shownOutput struct {
	*bindings
	page    *Page
	command *command
	lines   []line
	// printed is what the command printed, before a filter; besides, what the commands before it in the same fence
	// have printed, whose output the page may show with it.
	printed, besides string
}

// comparer compares an output of one form.
type comparer struct {
	is      func(s *shownOutput) bool
	compare func(s *shownOutput, stdout, stderr string) []difference
}

// comparers are by form; the first that an output has decides.
var comparers = []comparer{
	{(*shownOutput).isFields, (*shownOutput).compareFields},
	{(*shownOutput).isDescription, (*shownOutput).compareDescription},
	{(*shownOutput).isTable, (*shownOutput).compareTables},
	{(*shownOutput).isRows, (*shownOutput).compareRows},
	{func(*shownOutput) bool { return true }, (*shownOutput).compareText},
}

// compare compares what the page shows with what the command printed.
func (s *shownOutput) compare(stdout, stderr string) []difference {
	i := slices.IndexFunc(comparers, func(c comparer) bool { return c.is(s) })
	return comparers[i].compare(s, stdout, stderr)
}

// verb is the kubectl command.
func (s *shownOutput) verb() string { return s.command.words[0] }

// isElision reports whether a line stands for lines that the page leaves out.
func isElision(text string) bool {
	switch strings.Trim(strings.TrimSpace(text), "[]()# ") {
	case "...", "…", "....", ". . .", "snip":
		return true
	}
	return false
}

// withoutElisions are the lines that do not stand for others.
func withoutElisions(lines []line) []line {
	return slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return isElision(l.text) })
}

// elided reports whether the page leaves out lines, of which the cluster may have any.
func (s *shownOutput) elided() bool {
	return s.command.listsCluster() || slices.ContainsFunc(s.lines, func(l line) bool { return isElision(l.text) })
}

// ownHint is what a run adds to an error of the API server.
var ownHint = regexp.MustCompile(`( \([^()]*\))? and was not changed: delete it, or run in another namespace$`)

// ownLabel is a label that a run gives to its objects, own one of these or an annotation.
const (
	ownLabel = `(?:app\.kubernetes\.io/managed-by=kubectl-kbe|kubectl-kbe\.github\.io/[\w-]+=[^,\s]+|sidecar\.istio\.io/inject=false)`
	ownEntry = `(?:app\.kubernetes\.io/managed-by:kubectl-kbe|kubectl-kbe\.github\.io/[\w-]+:[^\s\]]+|sidecar\.istio\.io/inject:false|linkerd\.io/inject:disabled)`
	own      = `(?:` + ownLabel + `|kubectl-kbe\.github\.io/[\w-]+: ?\S+|linkerd\.io/inject: ?disabled)`
)

var (
	ownInList = regexp.MustCompile(ownLabel + `,|,` + ownLabel)
	ownAlone  = regexp.MustCompile(own + `\s*$`)
	// ownInMap are those of a map as Go writes it, as custom columns show it.
	ownInMap = regexp.MustCompile(ownEntry + ` | ?` + ownEntry + `(\])`)
)

// withoutOwn is an output without the marks of the run. Of a list with a line for each, the next one
// moves to the place of the first; where none is left, it is as kubectl shows none.
func withoutOwn(text string) string {
	if !strings.Contains(text, "kubectl-kbe") && !strings.Contains(text, "/inject") {
		return text
	}
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for i, l := range lines {
		l = ownInList.ReplaceAllString(l, "")
		if strings.Contains(l, "map[") {
			l = ownInMap.ReplaceAllString(l, "$1")
		}
		m := ownAlone.FindStringIndex(l)
		switch {
		case m == nil:
		case strings.TrimSpace(l[:m[0]]) == "":
			continue
		default:
			l = l[:m[0]]
			if i+1 < len(lines) && indentOf(lines[i+1]) == m[0] {
				lines[i+1] = l + lines[i+1][m[0]:]
				continue
			}
			if strings.HasSuffix(strings.TrimSpace(l), ":") {
				l += "<none>"
			}
		}
		kept = append(kept, l)
	}
	return strings.Join(kept, "\n")
}

// indentOf is how many blanks and tabs a line begins with.
func indentOf(l string) int { return len(l) - len(strings.TrimLeft(l, " \t")) }

// progress is a line that shows only how far a command is, whose number depends on the time that the cluster takes, or
// how much of a disk ls has found.
var progress = regexp.MustCompile(`^\s*(?:Waiting for |total \d+$)`)

func isProgress(text string) bool { return progress.MatchString(text) }

// linesOf are the lines of an output that are not blank.
func linesOf(text string) (lines []string) {
	for l := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(l) != "" {
			lines = append(lines, ownHint.ReplaceAllString(strings.TrimRight(l, " \t\r"), ""))
		}
	}
	return lines
}

// differenceOf is a difference of a line.
func differenceOf(l line, found, format string, args ...any) difference {
	return difference{id: l.id, Difference: expect.Difference{Text: fmt.Sprintf(format, args...), Shown: squeezed(l.text), Found: found}}
}

// replaced is the difference with a change of a part of the page.
func (d difference) replaced(at span, text string) difference {
	d.change = &change{at, text}
	return d
}

// deleted is the difference with the change that deletes a line of the page.
func (s *shownOutput) deleted(d difference, l line) difference {
	return d.replaced(span{s.page.lineBegin(l.start), s.page.lineEnd(l.end)}, "")
}

// indent is what stands before a line.
func (s *shownOutput) indent(l line) string {
	return string(s.page.text[s.page.lineBegin(l.start):l.start])
}

// more is that the cluster shows lines that the page lacks: it stands at the last line.
func (s *shownOutput) more(found []string, what string) difference {
	last := s.lines[len(s.lines)-1]
	between := "\n" + s.indent(last)
	d := differenceOf(last, strings.Join(found, "\n"), "the cluster shows %s that the page does not show", what)
	d.Shown = ""
	return d.replaced(span{last.end, last.end}, between+strings.Join(found, between))
}

func countOf(n int, what string) string {
	switch {
	case n == 1 && strings.ContainsAny(what[:1], "aeiou"):
		return "an " + what
	case n == 1:
		return "a " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
