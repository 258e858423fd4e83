package page

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// A page is written for the namespace default, or for one that it creates before anything else: what names it in
// a command is the run's namespace.

// clients are programs whose arguments are the names of hosts.
const clients = `(?:curl|dig|getent|host|nc|nslookup|ping|telnet|wget)`

var networkClient = regexp.MustCompile(`^` + clients + `$`)

// home are the names that a page has for the namespace that it is written for.
type home struct {
	names []string
	// inText is what names the namespace in any text: a DNS name, a path of the API, a service account. Its
	// group is the namespace. host is a short DNS name as the whole word of a network client.
	inText, host *regexp.Regexp
}

func homeOf(names ...string) home {
	name := "(" + strings.Join(names, "|") + ")"
	return home{
		names: names,
		inText: regexp.MustCompile(`\.` + name + `\.(?:svc|pod)\b|://[\w.-]*\.` + name + `(?:[:/\s"']|$)|\b` + clients + `\s[^|;&]*?[\w-]\.` + name + `(?:[:/\s"']|$)` +
			`|/namespaces/` + name + `(?:[/?]|$)|\bserviceaccounts?[:=]` + name + `(?:[:\s"']|$)`),
		host: regexp.MustCompile(`^[\w.-]*\.` + name + `(?:[:/]|$)`),
	}
}

// last is what the page calls the namespace: default, or the one that it creates.
func (h home) last() string { return h.names[len(h.names)-1] }

func (h home) has(name string) bool { return slices.Contains(h.names, name) }

// namesIn finds where a text names the namespace. The service of the API server is in no other one than default.
func (h home) namesIn(text string, isClient bool) (found []span) {
	all := h.inText.FindAllStringSubmatchIndex(text, -1)
	if all == nil && isClient {
		all = h.host.FindAllStringSubmatchIndex(text, -1)
	}
	for _, groups := range all {
		i := 2 + slices.IndexFunc(groups[2:], func(at int) bool { return at >= 0 })
		if !strings.HasSuffix(text[:groups[i]], "kubernetes.") {
			found = append(found, span{groups[i], groups[i+1]})
		}
	}
	return found
}

// withoutHome are the words of a command without the flag that selects the namespace.
func (h home) withoutHome(words []string) []string {
	rest, values, _ := withoutFlag(words, "-n", "--namespace")
	if len(values) == 1 && h.has(values[0]) {
		return rest
	}
	return words
}

// isOfHome reports whether a command of kubectl creates or deletes the namespace that the page is written for. The
// first one that a page creates is that, unless it has created objects before.
func (r *reader) isOfHome(words []string) bool {
	if len(words) != 3 || !slices.Contains([]string{"namespace", "namespaces", "ns"}, words[1]) {
		return false
	}
	name := words[2]
	if words[0] == "create" && len(r.home.names) == 1 && isLabel.MatchString(name) && !slices.ContainsFunc(r.commands[:len(r.commands)-1], (*command).changes) {
		r.home = homeOf(append(r.home.names, name)...)
	}
	return (words[0] == "create" || words[0] == "delete") && name != "default" && r.home.has(name)
}

var isLabel = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// inRunNamespace is a manifest in which the namespace of the run stands for the page's: in the fields that refer
// to a namespace, as those of an object and of the subjects of a RoleBinding, and in DNS names.
func (h home) inRunNamespace(manifest string) string {
	all := append(h.fieldsIn(manifest), h.namesIn(manifest, false)...)
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var b strings.Builder
	end := 0
	for _, at := range all {
		if at.start >= end {
			b.WriteString(manifest[end:at.start] + example.RunNamespace)
			end = at.end
		}
	}
	return b.String() + manifest[end:]
}

// nameLabel is the label of a Namespace with its name.
const nameLabel = "kubernetes.io/metadata.name"

// authors are the fields whose own fields are the author's: none of these refers to a namespace.
var authors = []string{"annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "parameters", "selector", "stringData"}

// fieldsIn finds the values of a manifest that refer to the namespace.
func (h home) fieldsIn(manifest string) (found []span) {
	lines := strings.SplitAfter(manifest, "\n")
	add := func(values ...*yaml.Node) {
		for _, v := range values {
			if at, ok := spanOf(v, lines); ok && v.Kind == yaml.ScalarNode && h.has(v.Value) {
				found = append(found, at)
			}
		}
	}
	var walk func(n *yaml.Node, isFree bool)
	walk = func(n *yaml.Node, isFree bool) {
		if n.Kind != yaml.MappingNode {
			for _, item := range n.Content {
				walk(item, isFree)
			}
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i].Value, n.Content[i+1]
			switch {
			case key == nameLabel, key == "namespace" && !isFree:
				add(value)
			case key == "namespaces" && !isFree, key == "values" && isExpressionOf(n, nameLabel):
				add(value.Content...)
			}
			walk(value, isFree || slices.Contains(authors, key))
		}
	}
	if n := documentOf(manifest); n != nil {
		walk(n, false)
	}
	return found
}

// isExpressionOf reports whether an expression of a selector is about a label.
func isExpressionOf(n *yaml.Node, label string) bool {
	key := field(n, "key")
	return key != nil && key.Value == label
}

// spanOf is where a scalar is in the lines of a document, without its quotes.
func spanOf(n *yaml.Node, lines []string) (span, bool) {
	if n.Line < 1 || n.Line > len(lines) {
		return span{}, false
	}
	at, is := scalarSpan(line{text: lines[n.Line-1]}, n)
	before := len(strings.Join(lines[:n.Line-1], ""))
	return span{before + at.start, before + at.end}, is
}
