package page

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// sentence is one that says what a command does.
type sentence struct {
	// span is the word of it that may be wrong.
	span
	id string
	// word is on the page at span; of is the command that the sentence is about.
	word string
	of   *command
}

var (
	// instruction is a sentence up to an inline command which instructs the reader to run it.
	instruction = regexp.MustCompile(`(?i)\b(execute|run|type|enter|issue|use|try|invoke)\b[^.;:]*$`)
	// noInstruction is one that only talks about it.
	noInstruction = regexp.MustCompile(`(?i)\b(if|when|whenever|once|after|before|not|don't|never|instead of|avoid|without|would|could|as)\b`)
	// laterOn is the rest of a sentence that says that the command is for another time, or for a
	// case; asks is what looks like one.
	laterOn = regexp.MustCompile(`(?i)^[^.!?]*\b(at the (end|bottom)|if|when|whenever|unless|in case)\b`)
	asks    = regexp.MustCompile(`(?i)\b(ask|check|confirm|determine|find out|know|see|tell|verify)\s+(if|when)\b`)
	// creates is a sentence on the kind of object that a command creates.
	creates = regexp.MustCompile("`(kubectl [a-z][^`\n]*)`\\s+(?:always\\s+|now\\s+)?(?:creates|makes|starts|launches|generates)\\s+(?:an?|the)\\s+`?(\\w+)`?")
	// namesNone is a command that creates or changes objects without a name of one: a sentence is only about it.
	namesNone = regexp.MustCompile(`^kubectl (?:` + strings.Join(changers, "|") + `) [a-z]+$`)
	// fileInText is the name of a manifest in a sentence.
	fileInText = regexp.MustCompile(`[\w./-]*\w\.ya?ml\b`)
	shownFile  = regexp.MustCompile(`\{\{[<%]\s*(?:code|code_sample|codenew)\b[^\n]*?file="?([^"\s]+)"?`)
	// placeholder is where the reader is to put something.
	placeholder = regexp.MustCompile(`<[A-Za-z][\w .|/-]*>|\[[A-Z][A-Z_-]+\]|\b(YOUR|MY)[_-][A-Z_-]+\b|\.\.\.|…`)
)

// longestSentence is how many bytes before and behind code are its sentence at most.
const longestSentence = 1000

// paragraph reads a paragraph.
func (r *reader) paragraph(n ast.Node) {
	r.takeNote()
	lines := n.Lines()
	if lines == nil || lines.Len() == 0 {
		return
	}
	at := span{lines.At(0).Start, lines.At(lines.Len() - 1).Stop}
	text := string(r.source[at.start:at.end])
	for _, m := range creates.FindAllStringSubmatchIndex(text, -1) {
		r.creates(text[m[2]:m[3]], span{at.start + m[4], at.start + m[5]})
	}
	said := r.plainText(n)
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // which does not fail
		if code, ok := n.(*ast.CodeSpan); ok && entering {
			r.inlineCode(code, at)
		}
		return ast.WalkContinue, nil
	})
	r.said = said
	if m := shownFile.FindStringSubmatch(text); m != nil {
		r.said += " " + m[1]
		r.includes = append(r.includes, m[1])
	}
}

// verbOf is the second word of a command.
func verbOf(text string) string {
	words := strings.Fields(text)
	return words[min(1, len(words)-1)]
}

// creates notes a sentence on what the last such command creates.
func (r *reader) creates(begin string, word span) {
	for _, c := range slices.Backward(r.commands) {
		if strings.HasPrefix(c.text, begin) {
			r.sentences = append(r.sentences, sentence{word, r.id(word.start), string(r.source[word.start:word.end]), c})
			return
		}
	}
}

// inlineCode reads code in a paragraph: a command that the sentence says to execute.
func (r *reader) inlineCode(code *ast.CodeSpan, paragraph span) {
	first, ok := code.FirstChild().(*ast.Text)
	last, _ := code.LastChild().(*ast.Text)
	if !ok || last == nil {
		return
	}
	at := span{first.Segment.Start, last.Segment.Stop}
	r.code = append(r.code, at)
	text := squeezed(string(r.source[at.start:at.end]))
	before := string(r.source[max(paragraph.start, at.start-longestSentence):at.start])
	if i := strings.LastIndexAny(before, ".!?:"); i >= 0 && i+1 < len(before) && strings.ContainsAny(before[i+1:i+2], " \n") {
		before = before[i+1:]
	}
	after := asks.ReplaceAllString(string(r.source[at.end:min(paragraph.end, at.end+longestSentence)]), "")
	isForLater := laterOn.MatchString(after) && !slices.Contains(example.Readers, verbOf(text))
	if !strings.HasPrefix(text, "kubectl ") || len(strings.Fields(text)) < 3 || namesNone.MatchString(text) || placeholder.MatchString(text) ||
		!instruction.MatchString(before) || noInstruction.MatchString(before) || isForLater {
		return
	}
	count := len(r.commands)
	said, open := r.said, r.open
	r.statements(text, at, "")
	r.said = said
	if open != nil && !open.changes() { // whose output may still follow
		r.open = open
	}
	for _, c := range r.commands[count:] {
		c.say = fmt.Sprintf("The page says to execute %s.", text)
	}
}
