package page

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

var (
	// commentSign is what makes a line of a script a comment; some write #> before an output.
	commentSign = regexp.MustCompile(`^[ \t]*#+>?[ \t]?`)
	// outputLabel is what a comment may say above an output.
	outputLabel = regexp.MustCompile(`(?i)^(?:(?:example|expected|sample) )?output:?$`)
	// titlesOfGet are how a table of kubectl get, or of events, begins.
	titlesOfGet = regexp.MustCompile(`^(?:NAME|NAMESPACE|LAST SEEN|TYPE|REASON)(?:\s{2,}|\t|\s.*\bAGE\b)`)
	wholeAge    = regexp.MustCompile(`^(?:` + eventAge + `)$`)
	noResources = regexp.MustCompile(`^No resources found(?: in [a-z0-9-]+ namespace)?\.?$`)
)

func isComment(l line) bool { return strings.HasPrefix(strings.TrimSpace(l.text), "#") }

// uncommented is a comment without its sign.
func uncommented(l line) line {
	n := len(commentSign.FindString(l.text))
	return line{span: span{l.start + n, l.end}, text: l.text[n:]}
}

// beginsCommented reports whether an output of kubectl, written as comments, stands directly behind a command.
func beginsCommented(lines []line) bool {
	_, n := commentedOutput(lines, "")
	return n > 0
}

// withoutComments are the lines that a command prints, of those that the page has behind it. An output that is
// written as comments is one; other comments are none, where kubectl itself prints and no program.
func (c *command) withoutComments(lines []line) []line {
	verb, keeps := "", c.printsText()
	if len(c.words) > 0 {
		verb = c.words[0]
	}
	shown, n := commentedOutput(lines, verb)
	for _, l := range lines[n:] {
		if keeps || !isComment(l) {
			shown = append(shown, l)
		}
	}
	return shown
}

// printsText reports whether a command may print any text, and so lines that look like comments.
func (c *command) printsText() bool {
	return c.where != here || len(c.words) == 0 || slices.Contains([]string{"attach", "exec", "logs", "run"}, c.words[0]) ||
		!slices.Contains([]string{"", "name", "wide"}, c.format())
}

// commentedOutput is an output that is written as comments, and in how many lines it stands: one for certain, which is a
// table of kubectl, or its report of what it has done. verb is the command, or "" for any.
func commentedOutput(lines []line, verb string) (output []line, n int) {
	for _, l := range lines {
		if !isComment(l) {
			break
		}
		output = append(output, uncommented(l))
	}
	begin := 0
	if len(output) > 0 && outputLabel.MatchString(strings.TrimSpace(output[0].text)) {
		begin = 1
	}
	if len(output) == begin {
		return nil, 0
	}
	goesOn := outputFrom(output[begin], verb)
	if goesOn == nil {
		return nil, 0
	}
	n = begin + 1
	for n < len(output) && goesOn(output[n].text) {
		n++
	}
	return output[begin:n], n
}

// outputFrom is what a line behind the first one of an output must be to belong to it, or nil where the first one is none.
func outputFrom(first line, verb string) func(string) bool {
	isAny, reads := verb == "", slices.Contains(example.Readers, verb)
	switch text := strings.TrimSpace(first.text); {
	case (isAny || reads) && isHeader(text) && titlesOfGet.MatchString(text):
		titles, _ := titlesOf(first.text)
		return func(l string) bool { return isElision(l) || isRowOf(titles, l) }
	case (isAny || reads) && noResources.MatchString(text):
		return func(string) bool { return false }
	case !reads && result.MatchString(text) && !strings.HasPrefix(text, "No resources"):
		return result.MatchString
	}
	return nil
}

// isRowOf reports whether a line is for certain a row below some titles, and no sentence.
func isRowOf(titles []cell, text string) bool {
	cells := cellsOf(text)
	inColumns := len(cells) == len(titles) && len(titles) > 1
	if !inColumns {
		cells = wordsOf(text)
	}
	if len(cells) != len(titles) {
		return false
	}
	i := slices.IndexFunc(titles, func(c cell) bool { return c.text == "AGE" || c.text == "LAST SEEN" })
	if i < 0 {
		return inColumns
	}
	return wholeAge.MatchString(cells[i].text)
}
