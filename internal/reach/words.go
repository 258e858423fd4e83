package reach

import (
	"fmt"
	"strings"
)

// Text says a finding in one sentence, without the cause.
func (f Finding) Text(nodes []Node, m *Matrix) string {
	text := f.plain(nodes)
	if f.Warning && f.Pattern != Translation {
		text = f.slow(nodes)
	}
	if len(m.Families()) > len(f.Families) && len(f.Families) == 1 && f.Pattern != NoAddress {
		text += ", over " + f.Families[0].String()
	}
	return text
}

func (f Finding) plain(nodes []Node) string {
	from, to := listNodes(nodes, f.From), listNodes(nodes, f.To)
	itself := ""
	if f.Self {
		itself = ", not even itself"
	}
	switch f.Pattern {
	case NodeFailed:
		return from
	case Everything:
		return "no node reaches another"
	case Isolated:
		return from + " reaches nobody, and nobody reaches it" + itself
	case FromNode:
		return from + " reaches nobody" + itself
	case ToNode:
		return "nobody reaches " + to + itself
	case Zones:
		if f.FromZone == f.ToZone {
			return "within zone " + f.FromZone + " no node reaches another"
		}
		return "zone " + f.FromZone + f.arrow() + "zone " + f.ToZone
	case Groups:
		return from + f.arrow() + to
	case Hairpin:
		return "no pod reaches its own address"
	case FromPart:
		return fmt.Sprintf("%s does not reach %d of %d nodes: %s", from, len(f.To), f.Of, to)
	case ToPart:
		return fmt.Sprintf("%d of %d nodes do not reach %s: %s", len(f.From), f.Of, to, from)
	case Translation:
		return fmt.Sprintf("pods on %s are seen as %s, not under their own address", from, f.SeenAs)
	case NoAddress:
		return "pods on " + from + " have no address of a family that others have"
	default:
		if from == to {
			return "the pod on " + from + " does not reach its own address"
		}
		return from + f.arrow() + to
	}
}

func (f Finding) arrow() string {
	if f.Both {
		return " ⇎ "
	}
	return " ⇏ "
}

// slow says a pattern of pairs that answer slowly.
func (f Finding) slow(nodes []Node) string {
	from, to := listNodes(nodes, f.From), listNodes(nodes, f.To)
	arrow := " → "
	if f.Both {
		arrow = " ⇄ "
	}
	switch f.Pattern {
	case Everything:
		return "every node is slow to reach"
	case Isolated:
		return from + " is slow, to reach and to be reached"
	case FromNode:
		return from + " is slow to reach others"
	case ToNode:
		return to + " is slow to reach"
	case Zones:
		if f.FromZone == f.ToZone {
			return "zone " + f.FromZone + " is slow within"
		}
		return "zone " + f.FromZone + arrow + "zone " + f.ToZone + " is slow"
	case Hairpin:
		return "every pod is slow to reach its own address"
	case FromPart:
		return fmt.Sprintf("%s is slow to reach %d of %d nodes: %s", from, len(f.To), f.Of, to)
	case ToPart:
		return fmt.Sprintf("%s is slow to reach for %d of %d nodes: %s", to, len(f.From), f.Of, from)
	default:
		return from + arrow + to + " is slow"
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
	var b strings.Builder
	for i, v := range list {
		if i == most && len(list) > most+1 {
			fmt.Fprintf(&b, " and %d more", len(list)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, v)
	}
	return b.String()
}
