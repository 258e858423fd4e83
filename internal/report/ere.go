package report

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// errNotTranslated is what bash cannot say without a risk of being wrong.
var errNotTranslated = errors.New("not translated")

// ere is a POSIX extended regular expression. grep applies it line by line;
// with whole it must be applied to the text as one.
type ere struct {
	pattern string
	whole   bool
	// stricter: the RE2 one also matches over line breaks. To match here is to
	// match there; not to match here says nothing.
	stricter bool
}

// toERE translates a regular expression of RE2, which CEL and this program use,
// into a POSIX extended one, which grep and bash know. An error means that there
// is none with the same meaning.
func toERE(re2 string) (ere, error) {
	re, err := syntax.Parse(re2, syntax.Perl)
	if err != nil {
		return ere{}, errNotTranslated
	}
	w := ereWriter{}
	if err := w.write(re); err != nil {
		return ere{}, err
	}
	if w.text && (w.line || w.any || w.breaks) {
		// POSIX has no anchors of both kinds at once, and its dot would match
		// a line break where the text is taken as one.
		return ere{}, errNotTranslated
	}
	return ere{w.String(), w.text, w.breaks && !w.text}, nil
}

type ereWriter struct {
	strings.Builder
	line, text bool // anchors: of a line, of the whole text
	any        bool // something that must not match a line break
	breaks     bool // something that may match one
}

func (w *ereWriter) write(re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpEmptyMatch:
		w.WriteString("()")
	case syntax.OpLiteral:
		return w.literal(re)
	case syntax.OpCharClass:
		return w.class(re.Rune)
	case syntax.OpAnyCharNotNL:
		w.any = true
		w.WriteByte('.')
	case syntax.OpBeginLine:
		w.line = true
		w.WriteByte('^')
	case syntax.OpEndLine:
		w.line = true
		w.WriteByte('$')
	case syntax.OpBeginText:
		w.text = true
		w.WriteByte('^')
	case syntax.OpEndText:
		w.text = true
		w.WriteByte('$')
	case syntax.OpConcat:
		return w.each(re.Sub, "")
	case syntax.OpCapture:
		return w.group(re.Sub, "")
	case syntax.OpAlternate:
		return w.group(re.Sub, "|")
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		write := w.group
		if isOne(re.Sub[0]) {
			write = w.each
		}
		if err := write(re.Sub, ""); err != nil {
			return err
		}
		w.WriteString(repetition(re))
	default:
		return errNotTranslated
	}
	return nil
}

func (w *ereWriter) group(subs []*syntax.Regexp, between string) error {
	w.WriteByte('(')
	err := w.each(subs, between)
	w.WriteByte(')')
	return err
}

// isOne tells whether an expression is of one character.
func isOne(re *syntax.Regexp) bool {
	return re.Op == syntax.OpLiteral && len(re.Rune) == 1 || re.Op == syntax.OpCharClass || re.Op == syntax.OpAnyCharNotNL
}

func (w *ereWriter) each(subs []*syntax.Regexp, between string) error {
	for i, sub := range subs {
		if i > 0 {
			w.WriteString(between)
		}
		if err := w.write(sub); err != nil {
			return err
		}
	}
	return nil
}

// repetition: whether it is greedy does not matter to whether it matches.
func repetition(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpStar:
		return "*"
	case syntax.OpPlus:
		return "+"
	case syntax.OpQuest:
		return "?"
	default:
		if re.Max < 0 {
			return fmt.Sprintf("{%d,}", re.Min)
		}
		return fmt.Sprintf("{%d,%d}", re.Min, re.Max)
	}
}

func (w *ereWriter) literal(re *syntax.Regexp) error {
	for _, r := range re.Rune {
		switch {
		case r < ' ' || re.Flags&syntax.FoldCase != 0:
			return errNotTranslated
		case strings.ContainsRune(`\.+*?()|[]{}^$`, r):
			w.WriteByte('\\')
		}
		w.WriteRune(r)
	}
	return nil
}

// class writes a bracket expression of ASCII characters. A class that also
// holds others, such as a negated one, holds all of them but line breaks.
func (w *ereWriter) class(ranges []rune) error {
	var in [128]bool
	negated := false
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1] && r < 128; r++ {
			in[r] = true
		}
		negated = negated || ranges[i+1] >= 128
	}
	if negated && ranges[len(ranges)-1] != '\U0010FFFF' {
		return errNotTranslated
	}
	w.breaks = w.breaks || in['\n']
	w.any = w.any || negated && !in['\n']
	// Where each of these three stands is what makes it an ordinary character.
	var members, caret, dash, bracket string
	for c := rune(1); c < 128; c++ {
		switch {
		case in[c] == negated:
		case c == '^':
			caret = "^"
		case c == '-':
			dash = "-"
		case c == ']':
			bracket = "]"
		case c >= ' ' || c == '\t': // no text that is worth a claim holds the others
			members += string(c)
		}
	}
	first := "["
	if negated {
		first = "[^"
	}
	if bracket+members+dash == "" {
		return errNotTranslated
	}
	w.WriteString(first + bracket + shorten(members) + caret + dash + "]")
	return nil
}

// shorten writes runs of members, such as all digits, as ranges.
func shorten(members string) string {
	var b strings.Builder
	for i := 0; i < len(members); {
		j := i
		for j+1 < len(members) && members[j+1] == members[j]+1 && isAlnum(members[j+1]) && isAlnum(members[i]) {
			j++
		}
		if j-i < 2 {
			b.WriteByte(members[i])
			i++
			continue
		}
		b.WriteString(members[i:i+1] + "-" + members[j:j+1])
		i = j + 1
	}
	return b.String()
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
