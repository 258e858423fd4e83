package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is JSON or YAML in the lines of a page.
func (s *shownOutput) document() *yaml.Node {
	lines := make([]string, len(s.lines))
	for i, l := range s.lines {
		if lines[i] = l.text; isElision(l.text) {
			lines[i] = ""
		}
	}
	return documentOf(strings.Join(lines, "\n"))
}

// documentOf is the only document of a text in JSON or YAML, or nil. Objects that follow one another, as jq prints
// them, are a list.
func documentOf(text string) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Line: 1}
	objects := json.NewDecoder(strings.NewReader(text))
	for begin := 0; objects.Decode(&map[string]any{}) == nil; begin = int(objects.InputOffset()) {
		item := onlyNodeOf(text[begin:objects.InputOffset()])
		if item == nil {
			return nil
		}
		moveDown(item, strings.Count(text[:begin], "\n"))
		list.Content = append(list.Content, item)
	}
	if len(list.Content) > 1 && !objects.More() {
		return list
	}
	return onlyNodeOf(text)
}

func onlyNodeOf(text string) *yaml.Node {
	documents := yaml.NewDecoder(strings.NewReader(text))
	n := nextNodeOf(documents)
	if errors.Is(documents.Decode(&yaml.Node{}), io.EOF) {
		return n
	}
	return nil
}

func nextNodeOf(documents *yaml.Decoder) *yaml.Node {
	var n yaml.Node
	if documents.Decode(&n) != nil || len(n.Content) != 1 {
		return nil
	}
	return n.Content[0]
}

// moveDown adds to the line numbers of a node, whose text begins further down.
func moveDown(n *yaml.Node, lines int) {
	n.Line += lines
	for _, child := range n.Content {
		moveDown(child, lines)
	}
}

// isFields reports whether the output is JSON or YAML.
func (s *shownOutput) isFields() bool {
	first := strings.TrimSpace(s.lines[0].text)
	isJSON := strings.HasPrefix(first, "{") || strings.HasPrefix(first, "[") && !isElision(first)
	if !isJSON && !printsFields(s.command) {
		return false
	}
	n := s.document()
	return n != nil && (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode)
}

// compareFields compares field by field: what the page does not show does not count.
func (s *shownOutput) compareFields(stdout, stderr string) []difference {
	found := documentOf(stdout)
	if found == nil || found.Kind != yaml.MappingNode && found.Kind != yaml.SequenceNode {
		return s.compareText(stdout, stderr)
	}
	shown := s.document()
	if part := partWith(found, shown); part != nil {
		found = part
	}
	return s.compareNodes(shown, found, "")
}

// partWith is the first object of a document that has all fields of one, or nil: a page may show a part.
func partWith(n, shown *yaml.Node) *yaml.Node {
	if hasFieldsOf(n, shown) {
		return n
	}
	for _, child := range n.Content {
		if part := partWith(child, shown); part != nil {
			return part
		}
	}
	return nil
}

func hasFieldsOf(n, shown *yaml.Node) bool {
	if n.Kind != yaml.MappingNode || shown.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(shown.Content); i += 2 {
		if field(n, shown.Content[i].Value) == nil {
			return false
		}
	}
	return true
}

func (s *shownOutput) compareNodes(shown, found *yaml.Node, path string) (all []difference) {
	if found.Kind == yaml.SequenceNode && s.elided() { // the page leaves out where an item begins
		if i := slices.IndexFunc(found.Content, func(item *yaml.Node) bool { return hasFieldsOf(item, shown) }); i >= 0 {
			return s.compareNodes(shown, found.Content[i], fmt.Sprintf("%s[%d]", path, i))
		}
	}
	switch {
	case shown.Kind != found.Kind:
		return []difference{s.node(shown, path, "%s: the page shows %s; the cluster has %s", clipped(nodeText(shown)), clipped(nodeText(found)))}
	case shown.Kind == yaml.MappingNode:
		return s.compareMappings(shown, found, path)
	case shown.Kind == yaml.SequenceNode:
		return s.compareSequences(shown, found, path)
	case shown.Kind == yaml.ScalarNode:
		return s.compareScalars(shown, found, path)
	}
	return nil
}

func (s *shownOutput) compareMappings(shown, found *yaml.Node, path string) (all []difference) {
	for i := 0; i+1 < len(shown.Content); i += 2 {
		key := shown.Content[i]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		value := field(found, key.Value)
		if value == nil {
			d := s.node(key, at, "the page shows the field %s; the cluster has no such field")
			d.Final = s.verb() != "get"
			all = append(all, d)
			continue
		}
		all = append(all, s.compareNodes(shown.Content[i+1], value, at)...)
	}
	return all
}

func field(mapping *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// compareSequences pairs items by the field name, or else by their place.
func (s *shownOutput) compareSequences(shown, found *yaml.Node, path string) (all []difference) {
	if m, ok := s.matchFamilies(addressesOf(shown), addressesOf(found)); ok {
		s.keep(m, s.lineOf(shown))
		return nil
	}
	if len(shown.Content) != len(found.Content) && !s.elided() {
		all = append(all, s.node(shown, path, "%s: the page shows %s; the cluster has %s",
			countOf(len(shown.Content), "item"), countOf(len(found.Content), "item")))
	}
	for i, item := range shown.Content {
		var other *yaml.Node
		if i < len(found.Content) {
			other = found.Content[i]
		}
		if item.Kind == yaml.MappingNode {
			if name := field(item, "name"); name != nil {
				for _, candidate := range found.Content {
					if is := field(candidate, "name"); is != nil && is.Value == name.Value {
						other = candidate
					}
				}
			}
		}
		if other != nil {
			all = append(all, s.compareNodes(item, other, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return all
}

func (s *shownOutput) compareScalars(shown, found *yaml.Node, path string) []difference {
	name := path[strings.LastIndexByte(path, '.')+1:]
	m, ok := s.match(compacted(shown.Value), compacted(found.Value), name)
	l := s.lineOf(shown)
	if ok {
		s.keep(m, l)
	}
	if ok && m.why == "" {
		return nil
	}
	d := s.node(shown, path, "%s: the page shows %s; the cluster has %s", clipped(shown.Value), clipped(found.Value))
	if m.why != "" {
		d.Text = path + ": " + m.why
	}
	d.Found, d.Final = found.Value, ok || s.verb() == "exec"
	if at, is := scalarSpan(l, shown); is {
		d = d.replaced(span{l.start + at.start, l.start + at.end}, scalarText(shown, found))
	}
	return []difference{d}
}

// compacted is a text without the white space of JSON, if it is an object, as in an annotation.
func compacted(text string) string {
	var b bytes.Buffer
	if !strings.HasPrefix(text, "{") || json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// scalarSpan is where the value of a scalar is in its line, without its quotes.
func scalarSpan(l line, n *yaml.Node) (span, bool) {
	runes := []rune(l.text)
	begin := len(string(runes[:min(max(n.Column-1, 0), len(runes))]))
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		begin++
	}
	if begin > len(l.text) || !strings.HasPrefix(l.text[begin:], n.Value) || n.Value == "" {
		return span{}, false
	}
	return span{begin, begin + len(n.Value)}, true
}

// scalarText is a value in the quotes of another one.
func scalarText(shown, found *yaml.Node) string {
	if shown.Style&yaml.DoubleQuotedStyle != 0 {
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(found.Value)
	}
	return found.Value
}

// lineOf is the line of the page that a node is in.
func (s *shownOutput) lineOf(n *yaml.Node) line {
	return s.lines[min(max(n.Line-1, 0), len(s.lines)-1)]
}

// node is a difference at a node; the format begins with its path.
func (s *shownOutput) node(n *yaml.Node, path, format string, args ...any) difference {
	d := differenceOf(s.lineOf(n), "", format, append([]any{path}, args...)...)
	d.Text = strings.TrimPrefix(d.Text, ": ") // the whole document has no path
	return d
}

func nodeText(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "a list"
	default:
		return n.Value
	}
}
