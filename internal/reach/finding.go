package reach

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Pattern is the form of what a Finding explains.
type Pattern string

// The patterns.
const (
	NodeFailed  Pattern = "NodeFailed"  // the pods of nodes did not start, or could not probe
	Everything  Pattern = "Everything"  // no node reaches another
	Isolated    Pattern = "Isolated"    // a node is isolated
	FromNode    Pattern = "FromNode"    // a node reaches no other
	ToNode      Pattern = "ToNode"      // no node reaches a node
	Zones       Pattern = "Zones"       // no node of a zone reaches one of the other, or the same
	Groups      Pattern = "Groups"      // the same for nodes that no label holds together
	Hairpin     Pattern = "Hairpin"     // no pod reaches its own address
	FromPart    Pattern = "FromPart"    // a node does not reach some
	ToPart      Pattern = "ToPart"      // some do not reach a node
	Pair        Pattern = "Pair"        // two nodes, or a pod and its own address
	Translation Pattern = "Translation" // a node's pods are source-NATed
	NoAddress   Pattern = "NoAddress"   // a node's pod has no address of a family that others have
)

// patternTexts is THE table of what patterns say. Texts may use the names of Finding.names,
// as $name.
var patternTexts = []struct {
	pattern Pattern
	// itself is for a pattern between something and itself; the others for all.
	itself bool
	// fails is for pairs that fail, slow for those that answer slowly.
	fails, slow string
}{
	{NodeFailed, false, "$from", ""},
	{Everything, false, "no node reaches another", "every node is slow to reach"},
	{Isolated, false, "$from reaches nobody, and nobody reaches it$notItself", "$from is slow, to reach and to be reached"},
	{FromNode, false, "$from reaches nobody$notItself", "$from is slow to reach others"},
	{ToNode, false, "nobody reaches $to$notItself", "$to is slow to reach"},
	{Zones, true, "within zone $fromZone no node reaches another", "zone $fromZone is slow within"},
	{Zones, false, "zone $fromZone $arrow zone $toZone", "zone $fromZone $arrow zone $toZone is slow"},
	{Groups, false, "$from $arrow $to", "$from $arrow $to is slow"},
	{Hairpin, false, "no pod reaches its own address", "every pod is slow to reach its own address"},
	{FromPart, false, "$from does not reach $toCount of $of nodes: $to", "$from is slow to reach $toCount of $of nodes: $to"},
	{ToPart, false, "$fromCount of $of nodes do not reach $to: $from", "$to is slow to reach for $fromCount of $of nodes: $from"},
	{Pair, true, "the pod on $from does not reach its own address", "$from $arrow $to is slow"},
	{Pair, false, "$from $arrow $to", "$from $arrow $to is slow"},
	{Translation, false, "", "pods on $from are seen as $seenAs, not under their own address"},
	{NoAddress, false, "pods on $from have no address of a family that others have", ""},
}

// Finding explains pairs that are not as they should be: those of each node of From with
// each of To.
type Finding struct {
	Pattern Pattern
	// Warning: all pairs are reachable, but slow or under another address.
	Warning bool
	// Families are those that show it.
	Families []Family
	// From and To are the nodes, as indices; nil is all of them.
	From, To []int
	// Both: the same is so from To to From.
	Both bool
	// Self: the pairs of a node with itself are among them.
	Self bool
	// Pairs is how many pairs it explains; Of, for a part, how many there are.
	Pairs, Of int
	// SeenAs is the address of a Translation; of several, the first few.
	SeenAs string
	// Cause says the pairs' states in words, the most frequent first.
	Cause string
}

// Text says a finding in one sentence, without the cause.
func (f Finding) Text(nodes []Node, m *Matrix) string {
	text := ""
	for _, row := range patternTexts {
		if row.pattern != f.Pattern || row.itself && !slices.Equal(f.From, f.To) {
			continue
		}
		if text = row.fails; f.Warning {
			text = row.slow
		}
		break
	}
	names := f.names(nodes)
	text = os.Expand(text, func(name string) string { return names[name] })
	if len(m.Families()) > len(f.Families) && len(f.Families) == 1 && f.Pattern != NoAddress {
		text += ", over " + f.Families[0].String()
	}
	return text
}

// names are what stands for $name in the text of a pattern.
func (f Finding) names(nodes []Node) map[string]string {
	names := map[string]string{
		"from": listNodes(nodes, f.From), "fromCount": fmt.Sprint(len(f.From)),
		"to": listNodes(nodes, f.To), "toCount": fmt.Sprint(len(f.To)), "of": fmt.Sprint(f.Of),
		"seenAs": f.SeenAs, "arrow": f.arrow(),
	}
	if f.Pattern == Zones {
		names["fromZone"], names["toZone"] = nodes[f.From[0]].Zone, nodes[f.To[0]].Zone
	}
	if f.Self {
		names["notItself"] = ", not even itself"
	}
	return names
}

func (f Finding) arrow() string {
	switch {
	case f.Warning && f.Both:
		return "⇄"
	case f.Warning:
		return "→"
	case f.Both:
		return "⇎"
	default:
		return "⇏"
	}
}

// namesMax is how many nodes a sentence names.
const namesMax = 3

func listNodes(nodes []Node, list []int) string {
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = nodes[n].Name
	}
	return joinSome(names, namesMax)
}

// joinSome joins the first few of a list, and counts the others.
func joinSome[T any](list []T, most int) string {
	rest := len(list) - most
	if rest < 2 {
		most, rest = len(list), 0
	}
	words := make([]string, most)
	for i := range words {
		words[i] = fmt.Sprint(list[i])
	}
	text := strings.Join(words, ", ")
	if rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
