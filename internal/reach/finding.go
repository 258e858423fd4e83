package reach

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
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
	// remedy is what to do about pairs that fail, where neither their outcome nor a Cause
	// says more.
	remedy string
}{
	{NodeFailed, false, "$from could not take part", "", "look at the node, and with --keep at the run's pod on it: kubectl describe node $first"},
	{Everything, false, "no node reaches another", "every node is slow to reach",
		"check that the network plugin runs on every node, and that the nodes' firewalls let its traffic pass: kubectl get pods -A -o wide"},
	{Isolated, false, "$from is isolated$notItself", "$from is slow in both directions", remedyNode},
	{FromNode, false, "$from cannot reach any node$notItself", "$from is slow to reach others", remedyNode},
	{ToNode, false, "no node can reach $to$notItself", "$to is slow to reach", remedyNode},
	{Zones, true, "within zone $fromZone no node reaches another", "zone $fromZone is slow within", remedyBetween},
	{Zones, false, "zone $fromZone $arrow zone $toZone", "zone $fromZone $arrow zone $toZone is slow",
		"check the routes, firewalls and security groups between the zones"},
	{Groups, false, "$from $arrow $to", "$from $arrow $to is slow",
		"compare the two groups: subnet, routes, firewalls, and the network plugin's version"},
	{Hairpin, false, "no pod reaches its own address", "every pod is slow to reach its own address", remedyItself},
	{FromPart, false, "$from cannot reach $toCount of $of nodes: $to", "$from is slow to reach $toCount of $of nodes: $to", remedyBetween},
	{ToPart, false, "$fromCount of $of nodes cannot reach $to: $from", "$to is slow to reach for $fromCount of $of nodes: $from", remedyBetween},
	{Pair, true, "the pod on $from cannot reach its own address", "$from $arrow $to is slow", remedyItself},
	{Pair, false, "$from $arrow $to", "$from $arrow $to is slow", remedyBetween},
	{Translation, false, "", "pods on $from are source-NATed to $seenAs", remedySNAT},
	{NoAddress, false, "pods on $from have no address of a family that others have", "",
		"compare the nodes' address ranges: kubectl get nodes -o custom-columns=NAME:.metadata.name,RANGES:.spec.podCIDRs"},
}

const (
	remedyNode    = "check the network plugin's pod on $first, and that node's routes and firewall: kubectl get pods -A -o wide --field-selector spec.nodeName=$first"
	remedyBetween = "check the network plugin on these nodes, and the routes and firewalls between them"
	remedyItself  = "check the network plugin, and the packet filters on the pod's node"
	remedySlow    = "look at the load of the nodes, and at the path between them; --slow sets the limit"
	remedySNAT    = "pods should see each other's own addresses; check the masquerading rules of the network plugin, because NetworkPolicies by pod do not work otherwise"
	remedyProxy   = "look at the containers that admission adds: kubectl describe pod; without a proxy, the service sees the caller's own address"
	remedyWrong   = "look for another pod or machine with this address (kubectl get pods -A -o wide), a stale route, or a proxy in between"
	remedyFlaky   = "run it again; look for restarts of the pod, packet loss, or a full connection table on the nodes"
)

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
	// Cause says the pairs' states in words, the most frequent first; Remedy what to do, or
	// "" where only the pattern says that.
	Cause, Remedy string
}

// isSilent: pairs got no answer, which a NetworkPolicy may be the reason of.
func (f Finding) isSilent() bool {
	return f.Pairs > 0 && (strings.Contains(f.Cause, probe.Timeout.Words()) || strings.Contains(f.Cause, probe.Unreachable.Words()))
}

// Text says a finding in one sentence, without the cause.
func (f Finding) Text(nodes []Node, m *Matrix) string {
	fails, slow, _ := f.texts(nodes)
	if f.Warning {
		fails = slow
	}
	if len(m.Families()) > len(f.Families) && len(f.Families) == 1 && f.Pattern != NoAddress {
		fails += ", over " + f.Families[0].String()
	}
	return fails
}

// Do says what to do.
func (f Finding) Do(nodes []Node) string {
	_, _, remedy := f.texts(nodes)
	if f.Warning && f.Pattern != Translation {
		remedy = remedySlow
	}
	return cmp.Or(f.Remedy, remedy)
}

// texts are those of the pattern.
func (f Finding) texts(nodes []Node) (fails, slow, remedy string) {
	names := f.names(nodes)
	fill := func(text string) string { return os.Expand(text, func(name string) string { return names[name] }) }
	for _, row := range patternTexts {
		if row.pattern == f.Pattern && (!row.itself || slices.Equal(f.From, f.To)) {
			return fill(row.fails), fill(row.slow), fill(row.remedy)
		}
	}
	return "", "", ""
}

// names are what stands for $name in the text of a pattern.
func (f Finding) names(nodes []Node) map[string]string {
	names := map[string]string{
		"from": listNodes(nodes, f.From), "fromCount": fmt.Sprint(len(f.From)),
		"to": listNodes(nodes, f.To), "toCount": fmt.Sprint(len(f.To)), "of": fmt.Sprint(f.Of),
		"seenAs": f.SeenAs, "arrow": f.arrow(),
	}
	if named := slices.Concat(f.From, f.To); len(named) > 0 {
		names["first"] = nodes[named[0]].Name
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
