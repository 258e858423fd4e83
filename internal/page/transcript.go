package page

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

var (
	// dollarPrompt and hashPrompt are a line with a command: what says where it runs, the
	// sign, and the command.
	dollarPrompt = regexp.MustCompile(`^(\[[^\]]+\] ?|[\w.-]+@[\w.-]+:?\S* ?|[/~]\S* |\([\w.-]+\) )?\$[ \t]+(\S.*)$`)
	hashPrompt   = regexp.MustCompile(`^(\[[^\]]+\] ?|[\w.-]+@[\w.-]+:?\S* ?|[/~]\S* ?)# +(\S.*)$`)
	bareHash     = regexp.MustCompile(`^# +(\S.*)$`)
	// otherPrompt is one of zsh, of fish or without a blank: such a sign begins other lines, too.
	otherPrompt  = regexp.MustCompile(`^()(?:[%>❯➜] *|\$)(kubectl[ \t].*)$`)
	clusterLabel = regexp.MustCompile(`(?i)^\[(in[ -])?cluster\]`)
	inside       = regexp.MustCompile(`^(\[?[\w.-]+@|[/~])`)
	bareCommand  = regexp.MustCompile(`^\s*(kubectl|helm|istioctl|curl)\s`)
)

// prompts are the forms of a prompt; a bare # is one in a container only: elsewhere it begins a comment.
var prompts = []*regexp.Regexp{dollarPrompt, hashPrompt, otherPrompt}

// prompt splits a line into what its prompt says and its command.
func prompt(l line, bare bool) (label, command string, ok bool) {
	trimmed := strings.TrimLeft(l.text, " \t")
	for _, p := range prompts {
		if m := p.FindStringSubmatch(trimmed); m != nil {
			return m[1], m[2], true
		}
	}
	if m := bareHash.FindStringSubmatch(trimmed); m != nil && bare {
		return "#", m[1], true
	}
	return "", "", false
}

func hasPrompt(lines []line, bare bool) bool {
	return slices.ContainsFunc(lines, func(l line) bool {
		_, _, ok := prompt(l, bare)
		return ok
	})
}

// transcript reads commands after prompts, and what they print. root: a bare # is a prompt everywhere.
func (r *reader) transcript(lines []line, root bool) {
	first := max(0, slices.IndexFunc(lines, func(l line) bool { return hasPrompt([]line{l}, root || r.session != nil) }))
	// An output may have signs of a prompt, too, which do not stand below the page's own.
	promptOf := func(l line) (label, command string, ok bool) {
		label, command, ok = prompt(l, root || r.session != nil)
		return label, command, ok && (indentOf(l.text) <= indentOf(lines[first].text) || strings.HasPrefix(command, "kubectl "))
	}
	r.open = nil
	if hasCommand(lines[:first]) { // whose prompt the page leaves out
		r.script(lines[:first])
	}
	for i := first; i < len(lines) && !r.isFull(); {
		label, text, ok := promptOf(lines[i])
		if !ok { // the shell that it was a prompt of has ended
			i++
			continue
		}
		at := span{lines[i].end - len(text), lines[i].end}
		part := func(n int) string {
			if n == 0 {
				return text
			}
			if rest, isPrompt := strings.CutPrefix(lines[i+n].text, ">"); isPrompt {
				return strings.TrimPrefix(rest, " ")
			}
			return lines[i+n].text
		}
		whole := text
		count := continued(len(lines)-i, part)
		for n := 1; n < count; n++ {
			whole += "\n" + part(n)
			at.end = lines[i+n].end
		}
		i += count
		begin := i
		for i < len(lines) {
			if _, _, next := promptOf(lines[i]); next {
				break
			}
			i++
		}
		r.statements(whole, at, label)
		r.outputOfOpen(lines[begin:i])
	}
}

// mostContinued is in how many lines a command can go on, apart from the text after <<.
const mostContinued = 50

var hereDelimiter = regexp.MustCompile(`<<-?[ \t]*['"]?([\w-]+)`)

// continued is in how many lines the command that begins in the first one goes on; count is how many there are. One that
// never ends is wrong by itself, and goes on behind a backslash only.
func continued(count int, at func(int) string) int {
	if here := hereDelimiter.FindStringSubmatch(at(0)); here != nil {
		for n := 1; n < count; n++ {
			if strings.TrimSpace(at(n)) == here[1] {
				return n + 1
			}
		}
	}
	text := ""
	for n := range min(count, mostContinued) {
		text += at(n) + "\n"
		_, err := parser().Parse(strings.NewReader(text), "")
		if !strings.HasSuffix(at(n), `\`) && (err == nil || !syntax.IsIncomplete(err)) {
			return n + 1
		}
	}
	n := 1
	for n < count && strings.HasSuffix(at(n-1), `\`) {
		n++
	}
	return n
}

func parser() *syntax.Parser { return syntax.NewParser(syntax.Variant(syntax.LangBash)) }

// isKubectl reports whether a line is a command of kubectl behind a prompt; isRootPrompt, behind a bare #.
func isKubectl(l line) bool {
	_, command, ok := prompt(l, false)
	return ok && strings.HasPrefix(command, "kubectl ")
}

func isRootPrompt(l line) bool {
	label, command, ok := prompt(l, true)
	return ok && label == "#" && strings.HasPrefix(command, "kubectl ")
}
