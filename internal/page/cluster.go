package page

import (
	"regexp"
	"slices"
	"strings"
)

// A page shows what its author's cluster has besides the objects of the page: nodes of other names, other
// namespaces, fewer APIs.

var (
	nodeKind    = regexp.MustCompile(`^(?:no|nodes?)$`)
	clusterKind = regexp.MustCompile(`^(?:no|nodes?|ns|namespaces?|pv|persistentvolumes?|(?:sc|pc|crd?|clusterrole(?:binding)?|csidriver|csinode|customresourcedefinition)s?|` +
		`(?:ingress|priority|runtime|storage|volumeattributes)class(?:es)?)(?:\.[a-z0-9.]+)?$`)
)

// listsNodes reports whether a command lists the nodes.
func (c *command) listsNodes() bool {
	return len(c.words) > 1 && c.words[0] == "get" && nodeKind.MatchString(c.words[1])
}

// listsCluster reports whether a command lists what the cluster has: there may be more than the page shows.
func (c *command) listsCluster() bool {
	switch c.words[0] {
	case "api-resources", "api-versions":
		return true
	case "get":
		return slices.Contains(c.words, "-A") || slices.Contains(c.words, "--all-namespaces") || len(c.words) > 1 && clusterKind.MatchString(c.words[1])
	}
	return false
}

// nodesOfPage is an output with the page's names for the nodes that it has listed.
func (h *history) nodesOfPage(text string) string {
	for _, v := range h.values {
		if v.rule.name != nodeRule {
			continue
		}
		var b strings.Builder
		end := 0
		for at := range placesIn(text, v.found) {
			b.WriteString(text[end:at] + v.shown)
			end = at + len(v.found)
		}
		text = b.String() + text[end:]
	}
	return text
}
