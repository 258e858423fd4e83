package page

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The names of fences, by what they hold.
var (
	shells   = []string{"bash", "sh", "shell", "shellscript", "zsh"}
	sessions = []string{"", "console", "shell-session", "shellsession", "sh-session", "bash-session", "terminal"}
	outputs  = []string{"text", "output", "cat", "plain", "plaintext", "txt", "none", "log"}
	data     = []string{"yaml", "yml", "json"}
)

// languageIn is the name in the first line of a fence; what follows it, or stands alone in braces, are attributes.
var languageIn = regexp.MustCompile(`^\s*(?:\{?\s*\.?([\w+#-]*)(?:[^\w+#=-]|$))?`)

// fence reads the lines of a fence, which is named by info.
func (r *reader) fence(info string, lines []line) {
	language := strings.ToLower(languageIn.FindStringSubmatch(info)[1])
	isSession, isData := slices.Contains(sessions, language), slices.Contains(data, language)
	isShell := slices.Contains(shells, language) || isData && (hasCommand(lines) || slices.ContainsFunc(lines, isKubectl))
	note := r.takeNote()
	if len(lines) > 0 {
		r.code = append(r.code, span{lines[0].start, lines[len(lines)-1].end})
	}
	switch {
	case isData && !isShell, len(lines) > 0 && isManifest.MatchString(lines[0].text) && (isShell || isSession && r.open == nil):
		if !r.named(info, lines) {
			r.outputOfOpen(lines)
		}
	case (isShell || isSession) && hasPrompt(lines, isSession && r.session != nil):
		r.transcript(lines, note, false)
	case (isSession || isShell && slices.ContainsFunc(lines, isResult)) && !hasCommand(lines) && slices.ContainsFunc(lines, isRootPrompt):
		r.transcript(lines, note, true)
	case slices.Contains(outputs, language) && slices.ContainsFunc(lines, isKubectl):
		r.transcript(lines, note, false)
	case isShell && len(lines) > 0 && !isResult(lines[0]), isSession && hasCommand(lines):
		r.script(lines, note)
	case r.open == nil && slices.Contains(outputs, language) && hasCommand(lines):
		r.unread(lines, note, fmt.Sprintf("it stands in a fence of `%s`, which is for output: expected a prompt, such as $, before it", language))
	case isShell, isSession, slices.Contains(outputs, language):
		r.outputOfOpen(lines)
	default:
		r.unread(lines, note, fmt.Sprintf("it stands in a fence of `%s`, which verify does not read: expected one of %s", language, strings.Join(append(slices.Clone(shells), sessions[1:]...), ", ")))
	}
}

// isKubectl reports whether a line is a command of kubectl behind a prompt; isRootPrompt, behind a bare #.
func isKubectl(l line) bool {
	_, command, ok := prompt(l, false)
	return ok && strings.HasPrefix(command, "kubectl ")
}

func isRootPrompt(l line) bool {
	label, command, ok := prompt(l, true)
	return ok && label == "#" && strings.HasPrefix(command, "kubectl ")
}

// unread lists the commands of a block that is not run.
func (r *reader) unread(lines []line, note note, why string) {
	r.open = nil
	for i, l := range lines {
		if isKubectl(l) || i == 0 && command1.MatchString(l.text) {
			r.add(strings.TrimSpace(l.text), l.span, note).notRun = why
		}
	}
}

// outputOfOpen gives the lines to the command whose output they are.
func (r *reader) outputOfOpen(lines []line) {
	if r.open != nil && r.open.output == nil {
		r.open.output = r.shownLines(lines)
	}
	r.open = nil
}

// shownLines are the lines that are not blank, each a statement.
func (r *reader) shownLines(lines []line) (out []line) {
	for _, l := range lines {
		if strings.TrimSpace(l.text) != "" {
			l.id = r.id(l.start)
			out = append(out, l)
		}
	}
	return out
}

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
	command1     = regexp.MustCompile(`^\s*(kubectl|helm|istioctl|curl)\s`)
)

// hasCommand reports whether the first line that is no comment is a command, or another one is of kubectl.
func hasCommand(lines []line) bool {
	isFirst := true
	for _, l := range lines {
		switch text := strings.TrimSpace(l.text); {
		case text == "" || strings.HasPrefix(text, "#"):
		case isFirst && command1.MatchString(l.text), strings.HasPrefix(l.text, "kubectl "):
			return true
		default:
			isFirst = false
		}
	}
	return false
}

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
func (r *reader) transcript(lines []line, note note, root bool) {
	isPrompt := func(l line) bool {
		_, _, ok := prompt(l, root || r.session != nil)
		return ok
	}
	first := max(0, slices.IndexFunc(lines, isPrompt))
	r.open = nil
	if hasCommand(lines[:first]) { // whose prompt the page leaves out
		r.script(lines[:first], note)
	}
	for i := first; i < len(lines); {
		label, text, ok := prompt(lines[i], root || r.session != nil)
		if !ok { // the shell that it was a prompt of has ended
			i++
			continue
		}
		at := span{lines[i].end - len(text), lines[i].end}
		for i++; i < len(lines) && continues(text); i++ {
			text += "\n" + strings.TrimPrefix(strings.TrimPrefix(lines[i].text, ">"), " ")
			at.end = lines[i].end
		}
		begin := i
		for i < len(lines) && !isPrompt(lines[i]) {
			i++
		}
		r.statements(text, at, label, note)
		if shown := r.shownLines(lines[begin:i]); len(shown) > 0 && r.open != nil {
			r.open.output, r.open = shown, nil
		}
	}
}

// continues reports whether a command goes on in the next line.
func continues(text string) bool {
	if strings.HasSuffix(text, `\`) {
		return true
	}
	_, err := parser().Parse(strings.NewReader(text+"\n"), "")
	return err != nil && syntax.IsIncomplete(err)
}

func parser() *syntax.Parser { return syntax.NewParser(syntax.Variant(syntax.LangBash)) }

// result is how kubectl reports what it has done.
var result = regexp.MustCompile(`^[a-z][a-z0-9.]*(?:/[a-z0-9.-]+| "[a-z0-9.-]+") (?:created|configured|unchanged|exposed|scaled|labeled|annotated|patched|restarted|replaced|condition met|deleted.*)$|^No resources found`)

// isResult reports whether a line of a script is not a command, but what the one before prints.
func isResult(l line) bool {
	return isHeader(l.text) || isElision(l.text) || result.MatchString(l.text) || strings.HasPrefix(l.text, "  ") && !command1.MatchString(l.text)
}

// script reads commands without prompts. What they print begins with a line that can be no command, and ends
// at an empty line or at the next command.
func (r *reader) script(lines []line, note note) {
	r.open = nil
	for len(lines) > 0 {
		n := commandLines(lines)
		r.commandsIn(lines[:n], note)
		lines = lines[n:]
		switch n = outputLines(lines); {
		case n == 0:
		case r.open == nil: // no command before prints them
			r.commandsIn(lines[:n], note)
		default:
			r.outputOfOpen(lines[:n])
		}
		lines = lines[n:]
	}
}

// outputLines is how many lines stand before the next command. An empty line ends an output, unless another
// table follows.
func outputLines(lines []line) int {
	for i, l := range lines {
		isBlank := strings.TrimSpace(l.text) == ""
		if command1.MatchString(l.text) || isBlank && (i+1 == len(lines) || !isHeader(lines[i+1].text)) {
			return i
		}
	}
	return len(lines)
}

// commandLines is how many lines stand before the first one that can be no command.
func commandLines(lines []line) int {
	text := ""
	for i, l := range lines {
		if i > 0 && isResult(l) && !continues(text) {
			return i
		}
		text += "\n" + l.text
	}
	return len(lines)
}

// commandsIn reads the commands of a script.
func (r *reader) commandsIn(lines []line, note note) {
	text := make([]string, len(lines))
	for i, l := range lines {
		text[i] = l.text
	}
	label := ""
	if r.session != nil {
		label = "#"
	}
	r.statements(strings.Join(text, "\n"), span{lines[0].start, lines[len(lines)-1].end}, label, note)
}

// statements adds the commands of a text in shell; label is what its prompt says.
func (r *reader) statements(text string, at span, label string, note note) {
	file, err := parser().Parse(strings.NewReader(text+"\n"), "")
	if lines := logicalLines(text); err != nil && len(lines) > 1 {
		begin := 0
		for _, l := range lines { // one that is wrong keeps no other from running
			from := begin + strings.Index(text[begin:], l)
			begin = from + len(l)
			r.statements(l, r.within(at, text, from, begin), label, note)
		}
		return
	}
	if err != nil {
		c := r.add(text, at, note)
		c.notRun = "this is not a command that a shell understands: " + strings.TrimPrefix(err.Error(), "1:")
		return
	}
	for i, st := range file.Stmts {
		from, to := int(st.Pos().Offset()), int(st.End().Offset())
		if i+1 == len(file.Stmts) {
			to = len(text) // with what follows a <<
		}
		r.statement(strings.TrimRight(text[from:min(to, len(text))], " \n"), st, r.within(at, text, from, to), label, note)
	}
}

// logicalLines are the lines of a script, each with those that it goes on in. One that never ends is wrong by
// itself.
func logicalLines(text string) (out []string) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line, end := lines[i], i
		for end+1 < len(lines) && continues(line) {
			end++
			line += "\n" + lines[end]
		}
		if continues(line) {
			for end = i; end+1 < len(lines) && strings.HasSuffix(lines[end], `\`); end++ {
			}
			line = strings.Join(lines[i:end+1], "\n")
		}
		if i = end; strings.TrimSpace(line) != "" {
			out = append(out, line)
		}
	}
	return out
}

// within is where a part of a command's text stands on the page. The text of several lines
// has lost its prompts: then the part stands somewhere between.
func (r *reader) within(at span, text string, from, to int) span {
	if string(r.source[at.start:at.end]) == text {
		return span{at.start + from, min(at.start+to, at.end)}
	}
	for range strings.Count(text[:from], "\n") {
		if next := r.lineEnd(at.start); next < at.end {
			at.start = next
		}
	}
	return at
}

// add adds a command of the page.
func (r *reader) add(text string, at span, note note) *command {
	c := &command{span: at, id: r.id(at.start), text: text, say: r.said, note: note}
	c.step = cmp.Or(note.Name, "line-"+c.id)
	r.said = ""
	r.commands = append(r.commands, c)
	return c
}
