package example

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxFileSize is the most bytes that a file of an example may have. The largest
// of the catalogue has less than a hundredth of it.
const MaxFileSize = 1 << 20

// readText reads a file that is small enough to be an example's.
func readText(name string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err != nil {
		return nil, Problem{Position{File: name}, fmt.Sprintf("cannot be read: %v", cause(err))}
	}
	if len(text) > MaxFileSize {
		return nil, Problem{Position{File: name}, fmt.Sprintf("expected at most %d MiB, found more: is it an example?", MaxFileSize>>20)}
	}
	return text, nil
}

// parseYAML reads the one YAML document of a file. Its tree is as it is written:
// no reference is followed, so that a small file stays small.
func parseYAML(name string, text []byte) (Place, error) {
	s := newSource(name, text)
	if p, ok := s.notText(); ok {
		return Place{}, p
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return Place{}, Problem{s.position(0), "expected a YAML document, found an empty file"}
	case err != nil:
		return Place{}, s.syntax(err)
	}
	root := Place{s, doc.Content[0]}
	switch err := dec.Decode(&second); {
	case err == nil:
		return root, Problem{Position{name, second.Line, second.Column}, "found a second YAML document; expected one in each file"}
	case !errors.Is(err, io.EOF):
		return root, s.syntax(err)
	}
	var problems Problems
	root.plain(&problems)
	return root, Join(problems)
}

// notText finds the first character that has no business in a text.
func (s *source) notText() (Problem, bool) {
	for i := 0; i < len(s.text); {
		r, size := utf8.DecodeRune(s.text[i:])
		rest := s.text[i:]
		switch {
		case r == utf8.RuneError && size == 1:
			return Problem{s.position(i), fmt.Sprintf("expected UTF-8 text, found the byte 0x%02x", rest[0])}, true
		case r == '\r' && !bytes.HasPrefix(rest, []byte("\r\n")), r == '\u2028', r == '\u2029',
			unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r):
			return Problem{s.position(i), fmt.Sprintf("expected text, found the control character %U", r)}, true
		}
		i += size
	}
	return Problem{}, false
}

// syntax turns an error of the YAML package into a Problem. That package tells
// the line alone; the column is that of what it is most likely about.
func (s *source) syntax(err error) Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	n := 1
	if _, err := fmt.Sscanf(text, "line %d:", &n); err == nil {
		_, text, _ = strings.Cut(text, ": ")
	}
	line, offset := s.line(n)
	at := len(line) - len(strings.TrimLeft(line, " "))
	switch {
	case strings.HasPrefix(line[at:], "\t"):
		text = "found a tab; YAML is indented with spaces"
	case strings.HasPrefix(text, "mapping values are not allowed"):
		if first := strings.Index(line, ": "); first >= 0 {
			if second := strings.Index(line[first+1:], ": "); second >= 0 {
				at = first + 1 + second
			}
		}
		text = "found a colon inside a text; put the text in quotes, or indent the field as its neighbours"
	}
	return Problem{s.position(offset + at), "not YAML: " + text}
}

// plain finds what YAML has and an example must not: references, which can make
// a huge text of a small one, types of one's own, and fields that come twice.
func (p Place) plain(problems *Problems) {
	n := p.node
	fail := func(text string) { *problems = append(*problems, p.Problem(text)) }
	switch {
	case n.Kind == yaml.AliasNode:
		fail(fmt.Sprintf("found the alias %s; expected the value itself", code("*"+n.Value)))
		return
	case n.Anchor != "":
		fail(fmt.Sprintf("found the anchor %s; expected a value without one", code("&"+n.Anchor)))
	case n.Style&yaml.TaggedStyle != 0:
		fail(fmt.Sprintf("found the tag %s; expected a value without one", code(n.Tag)))
	}
	seen := map[string]int{}
	for i, c := range n.Content {
		child := Place{p.source, c}
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			switch first, twice := seen[c.Value]; {
			case c.Kind != yaml.ScalarNode:
				*problems = append(*problems, child.Problem("expected the name of a field, found "+kindOf(c)))
			case twice:
				*problems = append(*problems, child.Problem(fmt.Sprintf("the field %s is here twice, first in line %d", code(c.Value), first)))
			default:
				seen[c.Value] = c.Line
			}
		}
		child.plain(problems)
	}
}

// kindOf says what a node is, in words.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "fields"
	case yaml.AliasNode:
		return "an alias"
	default:
		return kindOfScalar(n)
	}
}

func kindOfScalar(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + code(n.Value)
	case "!!bool":
		return "the truth value " + code(n.Value)
	case "!!timestamp":
		return "the date " + code(n.Value)
	case "!!str":
		return "the text " + code(n.Value)
	}
	return "a value of type " + code(n.ShortTag())
}
