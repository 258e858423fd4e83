package example

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
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
		return nil, Problem{Position{File: name}, fmt.Sprintf("expected at most %d MiB, found more", MaxFileSize>>20)}
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
	docs, err := documents(text)
	switch {
	case err != nil:
		return Place{}, s.syntax(err)
	case len(docs) == 0:
		return Place{}, Problem{s.position(0), "expected a YAML document, found an empty file"}
	case len(docs) > 1:
		return Place{}, Problem{Position{name, docs[1].Line, docs[1].Column}, "found a second YAML document; expected one in each file"}
	}
	root := Place{s, docs[0].Content[0]}
	var problems Problems
	root.plain(&problems)
	return root, Join(problems)
}

// documents reads the YAML documents of a text; two are enough to know that there
// are too many.
func documents(text []byte) ([]*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var docs []*yaml.Node
	for len(docs) < 2 {
		doc := &yaml.Node{}
		switch err := dec.Decode(doc); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return docs, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
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

// The words of the YAML package.
var (
	unknownAnchor = regexp.MustCompile(`^yaml: unknown anchor '(.*)' referenced$`)
	yamlPrefix    = regexp.MustCompile(`^yaml: (line \d+: )?`)
)

func foundAlias(name string) string {
	return fmt.Sprintf("found the alias %s; expected the value itself", code("*"+name))
}

// syntax turns an error of the YAML package into a Problem. That package names only a
// line, often the one where the list or the fields begin that the error is
// in. But the shortest beginning of the text with the same error ends where it is.
func (s *source) syntax(err error) Problem {
	if m := unknownAnchor.FindStringSubmatch(err.Error()); m != nil {
		return Problem{s.position(max(0, bytes.Index(s.text, []byte("*"+m[1])))), foundAlias(m[1])}
	}
	end := sort.Search(len(s.text), func(n int) bool {
		_, other := documents(s.text[:n])
		return other != nil && other.Error() == err.Error()
	})
	at := max(0, end-1)
	text := yamlPrefix.ReplaceAllString(err.Error(), "")
	begin := bytes.LastIndexByte(s.text[:at], '\n') + 1
	blank := s.text[begin : len(s.text)-len(bytes.TrimLeft(s.text[begin:], " \t"))]
	if tab := bytes.IndexByte(blank, '\t'); tab >= 0 {
		return Problem{s.position(begin + tab), "not YAML: found a tab; indent with spaces"}
	}
	switch {
	case strings.HasPrefix(text, "mapping values are not allowed"):
		text = "found a colon inside a text; put the text in quotes, or indent the field like its neighbors"
	case text == "did not find expected key", text == "did not find expected '-' indicator":
		text += "; indent each field like its neighbors, and quote a text as a whole"
	}
	return Problem{s.position(at), "not YAML: " + text}
}

// plain finds what YAML has and an example must not: references, which can make
// a huge text of a small one, types of one's own, and fields that come twice.
func (p Place) plain(problems *Problems) {
	n := p.node
	fail := func(text string) { *problems = append(*problems, p.Problem(text)) }
	switch {
	case n.Kind == yaml.AliasNode:
		fail(foundAlias(n.Value))
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
				*problems = append(*problems, child.Problem(fmt.Sprintf("the field %s is defined twice, first in line %d", code(c.Value), first)))
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
		return "the boolean " + code(n.Value)
	case "!!timestamp":
		return "the date " + code(n.Value)
	case "!!str":
		return "the text " + code(n.Value)
	}
	return "a value of type " + code(n.ShortTag())
}
