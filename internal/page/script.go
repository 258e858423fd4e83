package page

import (
	"regexp"
	"strings"
)

// result is how kubectl reports what it has done.
var result = regexp.MustCompile(`^[a-z][a-z0-9.]*(?:/[a-z0-9.-]+| "[a-z0-9.-]+") (?:created|configured|unchanged|exposed|scaled|labeled|annotated|patched(?: \(no change\))?|restarted|replaced|condition met|deleted.*)$|^No resources found`)

// positionInScript is where a parser has found an error: the page has it elsewhere.
var positionInScript = regexp.MustCompile(`^\d+:\d+: `)

// isResult reports whether a line of a script is not a command, but what the one before prints.
func isResult(l line) bool {
	isIndented := strings.HasPrefix(l.text, "  ") && !command1.MatchString(l.text) && !strings.HasPrefix(strings.TrimSpace(l.text), "#")
	return isIndented || isHeader(l.text) || isElision(l.text) || result.MatchString(l.text)
}

// script reads commands without prompts. What they print begins with a line that can be no command, and ends
// at an empty line or at the next command.
func (r *reader) script(lines []line, note note) {
	r.open = nil
	for len(lines) > 0 {
		n := commandLines(lines)
		r.commandsIn(lines[:n], note)
		if lines = lines[n:]; len(lines) == 0 {
			return
		}
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
	isCommented := isComment(lines[0])
	for i, l := range lines {
		isBlank := strings.TrimSpace(l.text) == ""
		if isCommented && !isComment(l) || command1.MatchString(l.text) || isBlank && (i+1 == len(lines) || !isHeader(lines[i+1].text)) {
			return i
		}
	}
	return len(lines)
}

// isBetween reports whether a line is between commands: what stands behind it is no output of one.
func isBetween(l line) bool { return strings.TrimSpace(l.text) == "" || isComment(l) }

// commandLines is how many lines stand before the first one that can be no command.
func commandLines(lines []line) int {
	i := 0
	for i < len(lines) && (i == 0 || !isResult(lines[i]) && (isBetween(lines[i-1]) || !beginsCommented(lines[i:]))) {
		i += continued(len(lines)-i, func(n int) string { return lines[i+n].text })
	}
	return i
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
	if err != nil {
		r.wrongStatements(text, at, label, note, err)
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

// wrongStatements adds the commands of a text that no shell understands: one that is wrong keeps no other from
// running.
func (r *reader) wrongStatements(text string, at span, label string, note note, err error) {
	lines := strings.Split(text, "\n")
	count, begin := 0, 0
	for i := 0; i < len(lines); i += count {
		count = continued(len(lines)-i, func(n int) string { return lines[i+n] })
		part := strings.Join(lines[i:i+count], "\n")
		switch {
		case count == len(lines):
			r.add(text, at, note).notRun = "this is not a command that a shell understands: " + positionInScript.ReplaceAllString(err.Error(), "")
		case strings.TrimSpace(part) != "":
			r.statements(part, r.within(at, text, begin, begin+len(part)), label, note)
		}
		begin += len(part) + 1
	}
}
