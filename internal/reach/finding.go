package reach

import (
	"cmp"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// Finding explains pairs that are not as they should be.
type Finding struct {
	Pattern Pattern
	// Warning: all pairs are reachable, but slow or under another address.
	Warning bool
	// Families are those that show it.
	Families []Family
	// From and To are the nodes, as indices; To is empty where From says all,
	// and From where To does.
	From, To []int
	// FromZone and ToZone are those of the pattern Zones.
	FromZone, ToZone string
	// Both: the pattern holds in both directions.
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

// Explain returns what is wrong, the largest first, and warnings last. Each pair
// that fails belongs to exactly one finding: the largest pattern that has it.
// The first of the nodes are those of the matrix; more may follow that could not
// take part.
func Explain(nodes []Node, m *Matrix) []Finding {
	found := failedNodes(nodes)
	taking := nodes[:m.Plan.Nodes()]
	for _, f := range m.Families() {
		e := newExplainer(taking, m, f, probe.Outcome.Failing, false)
		for i := range found {
			for _, node := range found[i].From {
				if found[i].Pattern == NodeFailed && node < len(taking) {
					found[i].Pairs += e.absorb(node)
				}
			}
		}
		found = merge(found, e.explain())
		found = merge(found, newExplainer(taking, m, f, func(o probe.Outcome) bool { return o == probe.Slow }, true).explain())
		found = merge(found, translations(taking, m, f))
		found = merge(found, withoutAddress(taking, m, f))
	}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Pairs, a.Pairs))
	})
	return found
}

// failedNodes has each cause once, with the nodes that have it.
func failedNodes(nodes []Node) (found []Finding) {
	for i, n := range nodes {
		if n.Failed == "" {
			continue
		}
		same := slices.IndexFunc(found, func(f Finding) bool { return f.Cause == n.Failed })
		if same < 0 {
			found = append(found, Finding{Pattern: NodeFailed, From: []int{i}, Cause: n.Failed})
			continue
		}
		found[same].From = append(found[same].From, i)
	}
	return found
}

// rank puts nodes that failed first, for they may be the cause of the rest, and
// warnings last.
func rank(f Finding) int {
	switch {
	case f.Warning:
		return 2
	case f.Pattern == NodeFailed, f.Pattern == NoAddress:
		return 0
	default:
		return 1
	}
}

// merge adds the findings of another family: what both show is listed once.
func merge(all, more []Finding) []Finding {
	for _, f := range more {
		i := slices.IndexFunc(all, func(g Finding) bool { return sameBut(g, f) })
		if i < 0 {
			all = append(all, f)
			continue
		}
		all[i].Families = append(all[i].Families, f.Families...)
		all[i].Pairs += f.Pairs
		all[i].Of += f.Of
	}
	return all
}

func sameBut(a, b Finding) bool {
	return a.Pattern == b.Pattern && a.Warning == b.Warning && a.Both == b.Both && a.Self == b.Self && a.Cause == b.Cause &&
		a.FromZone == b.FromZone && a.ToZone == b.ToZone && slices.Equal(a.From, b.From) && slices.Equal(a.To, b.To) &&
		a.Pattern != Translation && !slices.Equal(a.Families, b.Families)
}

// manyTranslations: more of them are told in one finding.
const manyTranslations = 10

func translations(nodes []Node, m *Matrix, f Family) []Finding {
	var found []Finding
	for i := range nodes {
		if addresses, by := m.translated(f, i); by > 0 {
			found = append(found, Finding{
				Pattern: Translation, Warning: true, Families: []Family{f}, From: []int{i}, Pairs: by, Of: m.Plan.PerNode(),
				SeenAs: joinSome(addresses, 3),
			})
		}
	}
	if len(found) <= manyTranslations {
		return found
	}
	all := found[0]
	all.SeenAs = "other addresses, such as " + all.SeenAs
	for _, one := range found[1:] {
		all.From, all.Pairs, all.Of = append(all.From, one.From...), all.Pairs+one.Pairs, all.Of+one.Of
	}
	return []Finding{all}
}

func withoutAddress(nodes []Node, m *Matrix, f Family) []Finding {
	var without []int
	for i, n := range nodes {
		if n.Failed == "" && !n.Address(f).IsValid() {
			without = append(without, i)
		}
	}
	if len(without) == 0 || len(without) == len(nodes) {
		return nil
	}
	return []Finding{{Pattern: NoAddress, Families: []Family{f}, From: without, Cause: "no " + f.String() + " address", Pairs: len(without) * m.Plan.PerNode()}}
}
