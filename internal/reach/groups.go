package reach

import "github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"

// groupsMax bounds the groups that are compared with each other: zones are few.
const groupsMax = 256

// zones are the pairs of zones of which no node of the one reaches a node of
// the other, and the zones within which none does.
func (e *explainer) zones() []candidate {
	var names []string // in order, for the nodes are sorted by zone
	index := map[string]int{}
	group := make([]int, len(e.nodes))
	for i, n := range e.nodes {
		if n.Zone == "" {
			group[i] = -1
			continue
		}
		if _, known := index[n.Zone]; !known {
			index[n.Zone] = len(names)
			names = append(names, n.Zone)
		}
		group[i] = index[n.Zone]
	}
	return e.blocks(group, len(names), func(a, b int) Finding {
		return Finding{Pattern: Zones, FromZone: names[a], ToZone: names[b]}
	})
}

// components are the groups of nodes that reach each other in both directions,
// where a network has split along lines that no label draws. A node alone is
// found as a row and a column.
func (e *explainer) components() []candidate {
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
	p, outcomes := e.matrix.Plan, e.matrix.planes[e.family].outcomes
	e.each(func(_, from, to int, o probe.Outcome) {
		if e.hit(o) || find(from) == find(to) {
			return
		}
		if back := p.cell(to, from); back < 0 || !e.hit(outcomes[back]) {
			parent[max(find(from), find(to))] = min(find(from), find(to))
		}
	})
	members := make([][]int, len(e.nodes))
	for i := range e.nodes {
		members[find(i)] = append(members[find(i)], i)
	}
	group := make([]int, len(e.nodes))
	var groups [][]int
	for _, list := range members {
		for _, i := range list {
			group[i] = -1
			if len(list) > 1 {
				group[i] = len(groups)
			}
		}
		if len(list) > 1 {
			groups = append(groups, list)
		}
	}
	return e.blocks(group, len(groups), func(a, b int) Finding {
		return Finding{Pattern: Groups, From: groups[a], To: groups[b]}
	})
}

// blocks are the pairs of groups all of whose pairs of nodes are hit, in one
// direction or in both. group holds the group of each node, or -1.
func (e *explainer) blocks(group []int, n int, name func(a, b int) Finding) []candidate {
	if n == 0 || n > groupsMax {
		return nil
	}
	probed, hits := make([]int, n*n), make([]int, n*n)
	e.each(func(_, from, to int, o probe.Outcome) {
		a, b := group[from], group[to]
		if a < 0 || b < 0 || from == to {
			return
		}
		probed[a*n+b]++
		if e.hit(o) {
			hits[a*n+b]++
		}
	})
	full := func(a, b int) bool { return hits[a*n+b] > 1 && hits[a*n+b] == probed[a*n+b] }
	var out []candidate
	for a := range n {
		for b := a; b < n; b++ {
			there, back := full(a, b), a != b && full(b, a)
			c := candidate{size: hits[a*n+b]}
			switch {
			case there && back:
				c.Finding, c.size, c.pairs = name(a, b), c.size+hits[b*n+a], both(e.block(group, a, b), e.block(group, b, a))
				c.Both = true
			case there:
				c.Finding, c.pairs = name(a, b), e.block(group, a, b)
			case back:
				c.Finding, c.size, c.pairs = name(b, a), hits[b*n+a], e.block(group, b, a)
			default:
				continue
			}
			out = append(out, c)
		}
	}
	return out
}

func (e *explainer) block(group []int, a, b int) func(func(int, int) bool) {
	return func(yield func(int, int) bool) {
		for from := range e.nodes {
			if group[from] != a {
				continue
			}
			for to := range e.matrix.Plan.Targets(from) {
				if group[to] == b && from != to && !yield(from, to) {
					return
				}
			}
		}
	}
}
