package reach

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// explainMatrix returns what is wrong, the largest first, and warnings last. Each pair
// that fails belongs to exactly one finding: the largest pattern that has it.
// The first of the nodes are those of the matrix; more may follow that could not
// take part.
func explainMatrix(nodes []Node, m *Matrix) []Finding {
	found := failedNodes(nodes)
	taking := nodes[:m.Plan.Nodes()]
	for _, f := range m.Families() {
		e := newExplainer(taking, m, f, probe.Outcome.Failing, false)
		for i := range found {
			if found[i].Pattern == NodeFailed {
				found[i].Pairs += e.absorb(found[i].From)
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
		slices.Equal(a.From, b.From) && slices.Equal(a.To, b.To) && a.Pattern != Translation && !slices.Equal(a.Families, b.Families)
}

// failedNodes has each cause once, with the nodes that have it.
func failedNodes(nodes []Node) (found []Finding) {
	for i, n := range nodes {
		if n.Failed == "" {
			continue
		}
		same := slices.IndexFunc(found, func(f Finding) bool { return f.Cause == n.Failed })
		if same < 0 {
			found = append(found, Finding{Pattern: NodeFailed, From: []int{i}, Cause: n.Failed, Remedy: n.Remedy})
			continue
		}
		found[same].From = append(found[same].From, i)
	}
	return found
}

// manyTranslations: more of them are one finding.
const manyTranslations = 10

func translations(nodes []Node, m *Matrix, f Family) []Finding {
	var found []Finding
	for i := range nodes {
		addresses, by := m.translated(f, i)
		if by == 0 {
			continue
		}
		one := Finding{
			Pattern: Translation, Warning: true, Families: []Family{f}, From: []int{i}, Pairs: by, Of: m.Plan.PerNode(),
			SeenAs: joinSome(addresses, 3), Cause: "that is what the pods that they probe see as the caller's address",
		}
		if !slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !a.IsLoopback() }) {
			one.Cause, one.Remedy = "a proxy in the pods that they probe answers for the service, as those of service meshes do", remedyProxy
		}
		found = append(found, one)
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

// explainer finds the patterns in the pairs of one family that a predicate hits.
type explainer struct {
	nodes   []Node
	matrix  *Matrix
	family  Family
	hit     func(probe.Outcome) bool
	warning bool

	outcomes []probe.Outcome // by cell
	// open marks which hits are not explained yet, by cell; unexplained counts them.
	open        []bool
	unexplained int
	found       []Finding
}

func newExplainer(nodes []Node, m *Matrix, f Family, hit func(probe.Outcome) bool, warning bool) *explainer {
	e := &explainer{nodes: nodes, matrix: m, family: f, hit: hit, warning: warning, outcomes: m.planes[f].outcomes}
	e.open = make([]bool, len(e.outcomes))
	for cell, o := range e.outcomes {
		if e.open[cell] = o != probe.None && hit(o); e.open[cell] {
			e.unexplained++
		}
	}
	return e
}

// pairs are the planned pairs of a finding, with their cells.
func (e *explainer) pairs(f Finding) iter.Seq2[int, [2]int] {
	p := e.matrix.Plan
	return func(yield func(int, [2]int) bool) {
		each := func(from, to int) bool {
			cell := p.cell(from, to)
			return cell < 0 || yield(cell, [2]int{from, to})
		}
		switch {
		case f.Pattern == Hairpin:
			for i := range p.Nodes() {
				if !each(i, i) {
					return
				}
			}
		case p.each(f.From, f.To, each) && f.Both:
			p.each(f.To, f.From, each)
		}
	}
}

// full counts the hits of a pattern, without those of nodes with themselves; it is 0 where
// they are fewer than least, or a probed pair of it is none.
func (e *explainer) full(f Finding, least int) (hits int) {
	for cell, pair := range e.pairs(f) {
		if pair[0] == pair[1] && f.Pattern != Hairpin || e.outcomes[cell] == probe.None {
			continue
		}
		if !e.hit(e.outcomes[cell]) {
			return 0
		}
		hits++
	}
	if hits < least {
		return 0
	}
	return hits
}

// partMin is from how many pairs on a part of a row or column is one finding.
const partMin = 3

func (e *explainer) explain() []Finding {
	if e.unexplained == 0 {
		return nil
	}
	candidates := slices.Concat(e.wholes(), e.lines(), e.zones(), e.components())
	// The largest first; of equals the first listed, which is the plainest.
	slices.SortStableFunc(candidates, func(a, b Finding) int { return cmp.Compare(b.Pairs, a.Pairs) })
	for _, c := range candidates {
		e.take(c, max(2, c.Pairs/2))
	}
	for _, c := range e.parts() {
		e.take(c, partMin)
	}
	e.single()
	return e.found
}

// take makes a finding of a candidate that explains at least so many pairs that
// no larger one does.
func (e *explainer) take(c Finding, atLeast int) {
	open := 0
	for cell := range e.pairs(c) {
		if e.open[cell] {
			open++
		}
	}
	if open < atLeast {
		return
	}
	c.Pairs = 0 // a pair may be among those of both directions
	causes := causes{}
	for cell, pair := range e.pairs(c) {
		if e.open[cell] {
			e.open[cell] = false
			c.Pairs++
			c.Self = c.Self || pair[0] == pair[1]
			causes.add(e.matrix.At(e.family, pair[0], pair[1]))
		}
	}
	c.Warning, c.Families, c.Cause, c.Remedy = e.warning, []Family{e.family}, causes.text(c.Pattern), causes.remedy()
	e.found = append(e.found, c)
}

// absorb takes out the pairs of nodes whose failure explains them, and returns
// how many they are.
func (e *explainer) absorb(nodes []int) (pairs int) {
	for _, i := range nodes {
		if i >= len(e.nodes) {
			continue // it never took part
		}
		for cell := range e.pairs(Finding{From: []int{i}, Both: true}) {
			if e.open[cell] {
				e.open[cell] = false
				pairs++
				e.unexplained--
			}
		}
	}
	return pairs
}

// wholes are the patterns of the whole matrix.
func (e *explainer) wholes() (out []Finding) {
	out = append(out, Finding{Pattern: Everything}, Finding{Pattern: Hairpin})
	out[0].Pairs, out[1].Pairs = e.full(out[0], 3), e.full(out[1], 2)
	return slices.DeleteFunc(out, func(f Finding) bool { return f.Pairs == 0 })
}

// lines are the rows and columns that are hit as a whole.
func (e *explainer) lines() (out []Finding) {
	for i := range e.nodes {
		row, column := Finding{Pattern: FromNode, From: []int{i}}, Finding{Pattern: ToNode, To: []int{i}}
		row.Pairs, column.Pairs = e.full(row, 2), e.full(column, 1)
		if row.Pairs > 0 && column.Pairs > 0 {
			out = append(out, Finding{Pattern: Isolated, From: []int{i}, Both: true, Pairs: row.Pairs + column.Pairs})
		}
		if row.Pairs > 0 {
			out = append(out, row)
		}
		if column.Pairs > 1 {
			out = append(out, column)
		}
	}
	return out
}

// groupsMax bounds the groups that are compared with each other: zones are few.
const groupsMax = 256

// zones are the pairs of zones of which no node of the one reaches a node of
// the other, and the zones within which none does.
func (e *explainer) zones() []Finding {
	var zones [][]int // the nodes are sorted by zone
	for i, n := range e.nodes {
		switch {
		case n.Zone == "":
		case len(zones) == 0 || n.Zone != e.nodes[zones[len(zones)-1][0]].Zone:
			zones = append(zones, []int{i})
		default:
			zones[len(zones)-1] = append(zones[len(zones)-1], i)
		}
	}
	return e.blocks(Zones, zones)
}

// components are the groups of nodes that reach each other in both directions,
// where a network has split along lines that no label draws. A node alone is
// found as a row and a column.
func (e *explainer) components() []Finding {
	parent := make([]int, len(e.nodes))
	for i := range parent {
		parent[i] = i
	}
	var find func(int) int
	find = func(i int) int {
		if parent[i] != i {
			parent[i] = find(parent[i])
		}
		return parent[i]
	}
	reaches := func(from, to int) bool {
		cell := e.matrix.Plan.cell(from, to)
		return cell < 0 || !e.hit(e.outcomes[cell])
	}
	for cell, pair := range e.pairs(Finding{}) {
		from, to := pair[0], pair[1]
		if e.outcomes[cell] != probe.None && find(from) != find(to) && reaches(from, to) && reaches(to, from) {
			parent[max(find(from), find(to))] = min(find(from), find(to))
		}
	}
	members := make([][]int, len(e.nodes))
	for i := range e.nodes {
		members[find(i)] = append(members[find(i)], i)
	}
	return e.blocks(Groups, slices.DeleteFunc(members, func(group []int) bool { return len(group) < 2 }))
}

// blocks are the pairs of groups all of whose pairs of nodes are hit, in one
// direction or in both.
func (e *explainer) blocks(pattern Pattern, groups [][]int) (out []Finding) {
	if len(groups) > groupsMax {
		return nil
	}
	for i, a := range groups {
		for _, b := range groups[i:] {
			f := Finding{Pattern: pattern, From: a, To: b}
			there, back := e.full(f, 2), 0
			if &a[0] != &b[0] {
				back = e.full(Finding{From: b, To: a}, 2)
			}
			if f.Both = there > 0 && back > 0; there == 0 {
				f.From, f.To = b, a
			}
			if f.Pairs = there + back; f.Pairs > 0 {
				out = append(out, f)
			}
		}
	}
	return out
}

// parts are the rows and columns of which at least partMin pairs are open still,
// the largest first.
func (e *explainer) parts() (out []Finding) {
	n := len(e.nodes)
	rows, columns := make([][]int, n), make([][]int, n)
	for cell, pair := range e.pairs(Finding{}) {
		if e.open[cell] {
			rows[pair[0]] = append(rows[pair[0]], pair[1])
			columns[pair[1]] = append(columns[pair[1]], pair[0])
		}
	}
	for i := range n {
		row, column := Finding{From: []int{i}}, Finding{To: []int{i}}
		if len(rows[i]) >= partMin {
			slices.Sort(rows[i])
			out = append(out, Finding{Pattern: FromPart, From: row.From, To: rows[i], Pairs: len(rows[i]), Of: e.probed(row)})
		}
		if len(columns[i]) >= partMin {
			slices.Sort(columns[i])
			out = append(out, Finding{Pattern: ToPart, From: columns[i], To: column.To, Pairs: len(columns[i]), Of: e.probed(column)})
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(b.Pairs, a.Pairs) })
	return out
}

// probed counts the probed pairs of a row or column, without that of the node with itself.
func (e *explainer) probed(f Finding) (n int) {
	for cell, pair := range e.pairs(f) {
		if pair[0] != pair[1] && e.outcomes[cell] != probe.None {
			n++
		}
	}
	return n
}

// single makes findings of what no pattern explains.
func (e *explainer) single() {
	for cell, pair := range e.pairs(Finding{}) {
		if !e.open[cell] {
			continue
		}
		from, to := pair[0], pair[1]
		back := e.matrix.Plan.cell(to, from)
		e.take(Finding{Pattern: Pair, From: []int{from}, To: []int{to}, Both: from != to && back >= 0 && e.open[back]}, 1)
	}
}

// causes are what the pairs of a finding have found.
type causes struct {
	counts  [probe.Outcomes]int
	slowest time.Duration
	detail  string
}

func (c *causes) add(s Sample) {
	c.counts[s.Outcome]++
	c.slowest = max(c.slowest, s.P50)
	c.detail = cmp.Or(c.detail, s.Detail)
}

func (c *causes) present() (outcomes []probe.Outcome) {
	for o, n := range c.counts {
		if n > 0 {
			outcomes = append(outcomes, probe.Outcome(o))
		}
	}
	return outcomes
}

// remedy is what to do about an outcome that all have, where it says more than the pattern.
func (c *causes) remedy() string {
	if present := c.present(); len(present) == 1 {
		return map[probe.Outcome]string{probe.WrongAnswer: remedyWrong, probe.Flaky: remedyFlaky}[present[0]]
	}
	return ""
}

// text says the outcomes in words, the most frequent first.
func (c *causes) text(p Pattern) string {
	present := c.present()
	switch {
	case len(present) == 1 && present[0] == probe.Slow:
		return fmt.Sprintf("a median of up to %s", c.slowest.Round(time.Millisecond))
	case len(present) == 1 && p == Pair && c.detail != "":
		return present[0].Words() + ": " + c.detail
	case len(present) == 1:
		return present[0].Words()
	}
	slices.SortStableFunc(present, func(a, b probe.Outcome) int { return cmp.Compare(c.counts[b], c.counts[a]) })
	words := make([]string, len(present))
	for i, s := range present {
		words[i] = fmt.Sprintf("%d %s", c.counts[s], s.Words())
	}
	return strings.Join(words, ", ")
}
