package example

import (
	"fmt"
	"regexp"
	"strings"
)

// Command is a step's command, split into words as a POSIX shell splits them.
type Command []Word

// Word is one argument: literal text and CEL expressions, alternating.
type Word []Part

// Part is literal text, or the source of a CEL expression.
type Part struct {
	Text   string
	IsExpr bool
	// Offset is where the text begins in the command, in bytes.
	Offset int
}

// commandError says why a text is no command.
type commandError struct {
	Offset int // in bytes into the text
	Text   string
}

func (e *commandError) Error() string { return e.Text }

// ParseCommand splits a command into words. Quotes group as in a shell, and
// $(EXPR) outside single quotes is a CEL expression. There is no shell behind
// it: a pipe, a redirection or a variable is an error, not something ignored.
// The error is a *commandError.
func ParseCommand(line string) (Command, error) {
	if len(line) > longestCommand {
		return nil, &commandError{0, fmt.Sprintf("expected at most %d KiB, found %d", longestCommand>>10, len(line)>>10)}
	}
	line = strings.TrimRight(line, blanks)
	p := parser{line: line, rest: line}
	p.skip()
	var cmd Command
	for p.rest != "" {
		w, err := p.word()
		if err != nil {
			return nil, err
		}
		cmd = append(cmd, w)
		between := p.rest
		if p.skip(); strings.HasPrefix(p.rest, "kubectl ") && ends(between[:len(between)-len(p.rest)]) {
			return nil, p.fail(p.rest, "found a second command: a step is one kubectl command; put this one into a step of its own")
		}
	}
	return cmd, nil
}

// longestCommand is in bytes, and far more than a reader of a page wants.
const longestCommand = 32 << 10

// blanks end a word.
const blanks = " \t\r\n"

// Readers are the kubectl commands that read, or run a program that an example wants to see the
// output of: to run one again changes nothing.
var Readers = []string{"describe", "events", "exec", "get", "logs"}

// IsKubectl reports whether the command begins with kubectl.
func (c Command) IsKubectl() bool {
	if len(c) == 0 {
		return false
	}
	tool, ok := c[0].Literal()
	return ok && tool == "kubectl"
}

// Verb returns the kubectl subcommand: the word after kubectl.
func (c Command) Verb() (string, bool) {
	if len(c) < 2 {
		return "", false
	}
	return c[1].Literal()
}

// exprs returns the expressions of a command, in order.
func (c Command) exprs() []string {
	var out []string
	for _, w := range c {
		for _, p := range w {
			if p.IsExpr {
				out = append(out, p.Text)
			}
		}
	}
	return out
}

// Offset is where the word begins in the command, in bytes.
func (w Word) Offset() int {
	if len(w) == 0 {
		return 0
	}
	return w[0].Offset
}

// Literal returns the text of a word that holds no expression.
func (w Word) Literal() (string, bool) {
	var b strings.Builder
	for _, p := range w {
		if p.IsExpr {
			return "", false
		}
		b.WriteString(p.Text)
	}
	return b.String(), true
}

// Expand replaces each expression by what eval returns for it.
func (c Command) Expand(eval func(expr string) (string, error)) ([]string, error) {
	args := make([]string, 0, len(c))
	for _, w := range c {
		var b strings.Builder
		for _, p := range w {
			text := p.Text
			if p.IsExpr {
				var err error
				if text, err = eval(p.Text); err != nil {
					return nil, err
				}
			}
			b.WriteString(text)
		}
		args = append(args, b.String())
	}
	return args, nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// Quote writes words as one line that a POSIX shell reads back as the same words.
func Quote(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if plainWord.MatchString(w) {
			quoted[i] = w
			continue
		}
		quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

// Grep is the end of a command of which only the lines that match a pattern are shown: -E only where the pattern
// means something else without it.
func Grep(pattern string) string {
	if strings.ContainsAny(pattern, `+?|(){}\`) {
		return " | grep -E " + Quote([]string{pattern})
	}
	return " | grep " + Quote([]string{pattern})
}

type parser struct {
	line string
	rest string // of the line
}

// fail makes an error about the text that begins with rest.
func (p *parser) fail(rest, format string, args ...any) error {
	return &commandError{len(p.line) - len(rest), fmt.Sprintf(format, args...)}
}

// goesOn joins a line to the next one.
const goesOn = "\\\n"

// ends reports whether what is between two words ends a command in a shell.
func ends(between string) bool {
	return strings.Contains(strings.ReplaceAll(between, goesOn, ""), "\n")
}

// skip drops what is between two words.
func (p *parser) skip() {
	for p.rest = strings.TrimLeft(p.rest, blanks); strings.HasPrefix(p.rest, goesOn); p.rest = strings.TrimLeft(p.rest, blanks) {
		p.rest = p.rest[len(goesOn):]
	}
}

func (p *parser) word() (Word, error) {
	start := p.rest
	var w Word
	literal := func(s string) {
		if n := len(w); n > 0 && !w[n-1].IsExpr {
			w[n-1].Text += s
			return
		}
		w = append(w, Part{Text: s, Offset: len(p.line) - len(p.rest)})
	}
	inDouble := false
	for p.rest != "" {
		c := p.rest[0]
		switch {
		case strings.HasPrefix(p.rest, "$("):
			expr, err := p.expr()
			if err != nil {
				return nil, err
			}
			w = append(w, expr)
			continue
		case c == '"':
			inDouble = !inDouble
			literal("") // "" is a word
		case strings.HasPrefix(p.rest, goesOn):
			p.rest = p.rest[1:]
		case c == '\\' && len(p.rest) > 1:
			literal(p.rest[1:2])
			p.rest = p.rest[1:]
		case inDouble:
			literal(p.rest[:1])
		case strings.IndexByte(blanks, c) >= 0:
			return w, nil
		case c == '\'':
			end := strings.IndexByte(p.rest[1:], '\'')
			if end < 0 {
				return nil, p.fail(p.rest, "a single quote is not closed")
			}
			literal(p.rest[1 : 1+end])
			p.rest = p.rest[1+end:]
		case strings.IndexByte("|&;<>`$", c) >= 0:
			return nil, p.fail(p.rest, "found %q: a step is one kubectl command without a shell; quote the character if it is meant literally", c)
		default:
			literal(p.rest[:1])
		}
		p.rest = p.rest[1:]
	}
	if inDouble {
		return nil, p.fail(start, "a double quote is not closed")
	}
	return w, nil
}

// expr cuts "$(…)" off the rest, up to the parenthesis that closes it; those
// inside the expression's own strings do not count.
func (p *parser) expr() (Part, error) {
	depth, quote := 0, byte(0)
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth == 0 {
				return p.cut(i)
			}
		}
	}
	return Part{}, p.fail(p.rest, "$( is not closed: a parenthesis or a quote is missing")
}

// cut removes the expression from the rest; its closing parenthesis is at an index.
func (p *parser) cut(closing int) (Part, error) {
	const open = len("$(")
	expr := strings.TrimLeft(p.rest[open:closing], blanks)
	part := Part{IsExpr: true, Offset: len(p.line) - len(p.rest) + closing - len(expr)}
	if part.Text = strings.TrimRight(expr, blanks); part.Text == "" {
		return part, p.fail(p.rest, "$() contains no expression")
	}
	p.rest = p.rest[closing+1:]
	return part, nil
}
