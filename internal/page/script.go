package page

import (
	"regexp"
	"strings"
)

// result is how kubectl reports what it has done.
var result = regexp.MustCompile(`^[a-z][a-z0-9.]*(?:/[a-z0-9.-]+| "[a-z0-9.-]+") (?:created|configured|unchanged|exposed|scaled|labeled|annotated|patched(?: \(no change\))?|(?:image|env|resource requirements) updated|restarted|replaced|condition met|(?:force )?deleted(?: from [a-z0-9-]+ namespace)?)(?: \((?:server )?dry run\))?$|^No resources found`)

// noCommand is how a line begins that no shell takes for a command of a page: a key, or a number of a list.
var noCommand = regexp.MustCompile(`^\s*(?:[\w-]+:|\d+\))(?:\s|$)`)

// positionInScript is where a parser has found an error: the page has it elsewhere.
var positionInScript = regexp.MustCompile(`^\d+:\d+: `)

// isResult reports whether a line of a script is not a command, but what the one before prints.
func isResult(l line) bool {
	isIndented := strings.HasPrefix(l.text, "  ") && !bareCommand.MatchString(l.text) && !strings.HasPrefix(strings.TrimSpace(l.text), "#")
	return isIndented || isHeader(l.text) || isElision(l.text) || result.MatchString(l.text) || noCommand.MatchString(l.text)
}

// script reads commands without prompts. What they print begins with a line that can be no command, and ends
// at an empty line or at the next command.
func (r *reader) script(lines []line) {
	r.open = nil
	label := ""
	if r.session != nil {
		label = "#"
	}
	for len(lines) > 0 && !r.isFull() {
		n := continued(len(lines), func(n int) string { return lines[n].text })
		r.statements(strings.Join(textsOf(lines[:n]), "\n"), span{lines[0].start, lines[n-1].end}, label)
		last := lines[n-1]
		lines = lines[n:]
		if printed := outputLines(last, lines); printed > 0 && r.open != nil {
			r.outputOfOpen(lines[:printed])
			lines = lines[printed:]
		}
	}
}

// outputLines is how many lines behind a command, which ends in the line before, it prints. An empty line ends an output, unless
// another table follows; other lines than comments end one that is written as comments.
func outputLines(before line, lines []line) int {
	isBetween := strings.TrimSpace(before.text) == "" || isComment(before)
	isCommented := !isBetween && beginsCommented(lines)
	if len(lines) == 0 || !isCommented && !isResult(lines[0]) {
		return 0
	}
	for i, l := range lines {
		isBlank := strings.TrimSpace(l.text) == ""
		if isCommented && !isComment(l) || bareCommand.MatchString(l.text) || isBlank && (i+1 == len(lines) || !isHeader(lines[i+1].text)) {
			return i
		}
	}
	return len(lines)
}

func textsOf(lines []line) (texts []string) {
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return texts
}

// statements adds the commands of a text in shell; label is what its prompt says.
func (r *reader) statements(text string, at span, label string) {
	file, err := parser().Parse(strings.NewReader(text+"\n"), "")
	if err != nil {
		r.open = nil
		r.add(text, at).notRun = "this is not a command that a shell understands: " + positionInScript.ReplaceAllString(err.Error(), "")
		return
	}
	for i, st := range file.Stmts {
		if r.isFull() {
			return
		}
		end := int(st.End().Offset())
		if i+1 == len(file.Stmts) {
			end = len(text) // with what follows a <<
		}
		r.statement(strings.TrimRight(text[st.Pos().Offset():min(end, len(text))], " \n"), st, at, label)
	}
}
