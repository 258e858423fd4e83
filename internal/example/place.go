package example

import (
	"bytes"
	"iter"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Place is where something stands in an example's file, for those who find a
// problem with it later. The zero Place is nowhere: its problems name no line.
type Place struct {
	source *source
	node   *yaml.Node
}

// Field returns the place of a field's value, or p itself where there is none.
func (p Place) Field(name string) Place {
	_, value := p.entry(name)
	return value
}

// Key returns the place of a field's name, or p itself where there is none.
func (p Place) Key(name string) Place {
	key, _ := p.entry(name)
	return key
}

func (p Place) entry(name string) (key, value Place) {
	for key, value := range p.fields() {
		if key.node.Value == name {
			return key, value
		}
	}
	return p, p
}

// fields are the places of the names and the values of a mapping, in their order.
func (p Place) fields() iter.Seq2[Place, Place] {
	return func(yield func(name, value Place) bool) {
		if p.node == nil || p.node.Kind != yaml.MappingNode {
			return
		}
		for pair := range slices.Chunk(p.node.Content, 2) {
			if !yield(Place{p.source, pair[0]}, Place{p.source, pair[1]}) {
				return
			}
		}
	}
}

// Item returns the place of a list's item, counted from 0, or p itself where
// there is none.
func (p Place) Item(i int) Place {
	if p.node == nil || p.node.Kind != yaml.SequenceNode || i < 0 || i >= len(p.node.Content) {
		return p
	}
	return Place{p.source, p.node.Content[i]}
}

// Problem is something wrong at the place.
func (p Place) Problem(text string) Problem {
	if p.node == nil {
		return Problem{Text: text}
	}
	return Problem{Position{p.source.name, p.node.Line, p.node.Column}, text}
}

// ProblemAt is something wrong inside a text: offset is in bytes into the value
// that was loaded, which the quotes and line breaks of the file are not part of.
func (p Place) ProblemAt(offset int, text string) Problem {
	found := p.Problem(text)
	if p.node != nil && p.node.Kind == yaml.ScalarNode {
		found.Line, found.Column = p.source.inside(p.node, offset)
	}
	return found
}

// source is the text of a file, which places point into.
type source struct {
	name  string
	text  []byte
	lines []int // the offset at which each line begins
}

func newSource(name string, text []byte) *source {
	s := &source{name: name, text: text, lines: []int{0}}
	for i, b := range text {
		if b == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// position of an offset into the text.
func (s *source) position(offset int) Position {
	offset = min(offset, len(s.text))
	line := sort.SearchInts(s.lines, offset+1) - 1
	return Position{s.name, line + 1, utf8.RuneCount(s.text[s.lines[line]:offset]) + 1}
}

// line returns a line, counted from 1, and the offset of its first byte; past the
// end it is the last one.
func (s *source) line(n int) (text string, offset int) {
	n = max(1, min(n, len(s.lines)))
	offset = s.lines[n-1]
	rest := s.text[offset:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return string(rest), offset
}

// inside finds the line and column of an offset into a scalar's value. The ways
// to write a scalar differ in white space, quotes and escapes; the characters
// themselves come in the same order, so they are matched one by one.
func (s *source) inside(n *yaml.Node, offset int) (line, column int) {
	text, at := s.line(n.Line)
	at += len(prefix(text, n.Column-1))
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		_, at = s.line(n.Line + 1) // after the | or >
	}
	for i, r := range n.Value {
		if unicode.IsSpace(r) {
			continue
		}
		at += s.next(at, r)
		if i >= offset {
			break
		}
		at += utf8.RuneLen(r)
	}
	p := s.position(at)
	return p.Line, p.Column
}

// next returns how far it is from an offset to a character: past white space, and
// a quote or a backslash. Where the character is written as an escape, it is 0.
func (s *source) next(at int, r rune) int {
	rest := s.text[min(at, len(s.text)):]
	blank := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
	rest = rest[blank:]
	const quoting = 2
	if far := bytes.IndexRune(rest[:min(len(rest), quoting+utf8.UTFMax)], r); far >= 0 && far <= quoting {
		return blank + far
	}
	return 0
}

// prefix returns the first n characters of a text.
func prefix(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
