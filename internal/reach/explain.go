package reach

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// explainer finds the patterns in the pairs of one family that a predicate hits.
type explainer struct {
	nodes   []Node
	matrix  *Matrix
	family  Family
	hit     func(probe.Outcome) bool
	warning bool

	// open marks which hits are not explained yet, by cell.
	open []bool
	// probed and hits count the pairs of each row and column, without those of
	// nodes with themselves, which selfProbed and selfHits count.
	probed, hits         struct{ row, column []int }
	selfProbed, selfHits int
	total                int
	found                []Finding
}

// partMin is from how many pairs on a part of a row or column is one finding.
const partMin = 3

func newExplainer(nodes []Node, m *Matrix, f Family, hit func(probe.Outcome) bool, warning bool) *explainer {
	e := &explainer{nodes: nodes, matrix: m, family: f, hit: hit, warning: warning}
	e.total = e.count()
	return e
}

// absorb takes out the pairs of a node whose failure explains them, and returns
// how many they are.
func (e *explainer) absorb(node int) (pairs int) {
	for from, to := range both(e.row(node), e.column(node)) {
		if cell := e.matrix.Plan.cell(from, to); e.open[cell] {
			e.open[cell] = false
			pairs++
		}
	}
	return pairs
}

func (e *explainer) explain() []Finding {
	if e.total == 0 {
		return nil
	}
	candidates := slices.Concat(e.wholes(), e.lines(), e.zones(), e.components())
	// The largest first; of equals the first listed, which is the plainest.
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.size, a.size) })
	for _, c := range candidates {
		e.take(c, max(2, c.size/2))
	}
	for _, c := range e.parts() {
		e.take(c, partMin)
	}
	e.pairs()
	return e.found
}

// candidate is a pattern all of whose probed pairs are hit, or a part of one.
type candidate struct {
	Finding
	size int
	// pairs are at least those of the pattern that are hit.
	pairs iter.Seq2[int, int]
}

// each yields all probed pairs with their cell and outcome.
func (e *explainer) each(yield func(cell, from, to int, o probe.Outcome)) {
	p := e.matrix.Plan
	outcomes := e.matrix.planes[e.family].outcomes
	for from := range p.Nodes() {
		for slot := range p.PerNode() {
			cell := from*p.PerNode() + slot
			if outcomes[cell] != probe.None {
				yield(cell, from, p.target(from, slot), outcomes[cell])
			}
		}
	}
}

// count counts the hits.
func (e *explainer) count() (total int) {
	n := len(e.nodes)
	e.open = make([]bool, len(e.matrix.planes[e.family].outcomes))
	e.probed.row, e.probed.column = make([]int, n), make([]int, n)
	e.hits.row, e.hits.column = make([]int, n), make([]int, n)
	e.each(func(cell, from, to int, o probe.Outcome) {
		hit := 0
		if e.hit(o) {
			e.open[cell], hit = true, 1
		}
		total += hit
		if from == to {
			e.selfProbed++
			e.selfHits += hit
			return
		}
		e.probed.row[from]++
		e.probed.column[to]++
		e.hits.row[from] += hit
		e.hits.column[to] += hit
	})
	return total
}

// take makes a finding of a candidate that explains at least so many pairs that
// no larger one does.
func (e *explainer) take(c candidate, atLeast int) {
	anew := 0
	for from, to := range c.pairs {
		if cell := e.matrix.Plan.cell(from, to); cell >= 0 && e.open[cell] {
			anew++
		}
	}
	if anew < atLeast {
		return
	}
	causes := causes{}
	for from, to := range c.pairs {
		if cell := e.matrix.Plan.cell(from, to); cell >= 0 && e.open[cell] {
			e.open[cell] = false
			c.Pairs++
			c.Self = c.Self || from == to
			causes.add(e.matrix.At(e.family, from, to))
		}
	}
	c.Warning, c.Families, c.Cause = e.warning, []Family{e.family}, causes.text(c.Pattern)
	e.found = append(e.found, c.Finding)
}

// wholes are the patterns of the whole matrix.
func (e *explainer) wholes() []candidate {
	var out []candidate
	n := len(e.nodes)
	probed, hits := 0, 0
	for i := range n {
		probed += e.probed.row[i]
		hits += e.hits.row[i]
	}
	if hits == probed && hits > 2 {
		out = append(out, candidate{Finding{Pattern: Everything}, hits, func(yield func(int, int) bool) {
			for from := range n {
				for to := range e.matrix.Plan.Targets(from) {
					if !yield(from, to) {
						return
					}
				}
			}
		}})
	}
	if e.selfHits == e.selfProbed && e.selfHits > 1 {
		out = append(out, candidate{Finding{Pattern: Hairpin}, e.selfHits, func(yield func(int, int) bool) {
			for i := range n {
				if !yield(i, i) {
					return
				}
			}
		}})
	}
	return out
}

// lines are the rows and columns that are hit as a whole.
func (e *explainer) lines() []candidate {
	var out []candidate
	for i := range e.nodes {
		row := e.hits.row[i] == e.probed.row[i] && e.hits.row[i] > 0
		column := e.hits.column[i] == e.probed.column[i] && e.hits.column[i] > 0
		if row && column && e.hits.row[i] > 1 {
			out = append(out, candidate{Finding{Pattern: Isolated, From: []int{i}}, e.hits.row[i] + e.hits.column[i], both(e.row(i), e.column(i))})
		}
		if row && e.hits.row[i] > 1 {
			out = append(out, candidate{Finding{Pattern: FromNode, From: []int{i}}, e.hits.row[i], e.row(i)})
		}
		if column && e.hits.column[i] > 1 {
			out = append(out, candidate{Finding{Pattern: ToNode, To: []int{i}}, e.hits.column[i], e.column(i)})
		}
	}
	return out
}

func (e *explainer) row(from int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for to := range e.matrix.Plan.Targets(from) {
			if !yield(from, to) {
				return
			}
		}
	}
}

func (e *explainer) column(to int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for slot := range e.matrix.Plan.PerNode() {
			if !yield(e.matrix.Plan.caller(to, slot), to) {
				return
			}
		}
	}
}

func both(a, b iter.Seq2[int, int]) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for from, to := range a {
			if !yield(from, to) {
				return
			}
		}
		b(yield)
	}
}

// parts are the rows and columns of which at least partMin pairs are open still,
// the largest first.
func (e *explainer) parts() []candidate {
	n := len(e.nodes)
	rows, columns := make([][]int, n), make([][]int, n)
	e.each(func(cell, from, to int, _ probe.Outcome) {
		if e.open[cell] {
			rows[from] = append(rows[from], to)
			columns[to] = append(columns[to], from)
		}
	})
	var out []candidate
	for i := range n {
		if len(rows[i]) >= partMin {
			slices.Sort(rows[i])
			out = append(out, candidate{Finding{Pattern: FromPart, From: []int{i}, To: rows[i], Of: e.probed.row[i]}, len(rows[i]), e.row(i)})
		}
		if len(columns[i]) >= partMin {
			slices.Sort(columns[i])
			out = append(out, candidate{Finding{Pattern: ToPart, From: columns[i], To: []int{i}, Of: e.probed.column[i]}, len(columns[i]), e.column(i)})
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Compare(b.size, a.size) })
	return out
}

// pairs makes findings of what no pattern explains.
func (e *explainer) pairs() {
	p := e.matrix.Plan
	e.each(func(cell, from, to int, _ probe.Outcome) {
		if !e.open[cell] {
			return
		}
		c := candidate{Finding: Finding{Pattern: Pair, From: []int{from}, To: []int{to}}}
		back := p.cell(to, from)
		c.Both = from != to && back >= 0 && e.open[back]
		c.pairs = func(yield func(int, int) bool) { _ = yield(from, to) && c.Both && yield(to, from) }
		e.take(c, 1)
	})
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

// text says the outcomes in words, the most frequent first.
func (c *causes) text(p Pattern) string {
	var present []probe.Outcome
	for o, n := range c.counts {
		if n > 0 {
			present = append(present, probe.Outcome(o))
		}
	}
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
