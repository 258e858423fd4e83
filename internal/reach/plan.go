package reach

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
)

// Plan says who probes whom. The nodes stand in a circle, and each probes those
// at the same offsets from itself: so every node is probed as often as it
// probes. Offset 0, the node's own pod, is always among them. All pairs are the
// plan with every offset; nothing else distinguishes the two.
type Plan struct {
	order   []int32 // place in the circle -> node
	place   []int32 // node -> place in the circle
	offsets []int32
	slots   []int32 // offset -> index in offsets, or -1
}

// AllPairs plans n × n probes.
func AllPairs(n int) *Plan {
	order, offsets := make([]int32, n), make([]int32, n)
	for i := range n {
		order[i], offsets[i] = int32(i), int32(i)
	}
	return newPlan(order, offsets)
}

// Peers plans that each node probes k others, and is probed by k others. zones
// holds the zone of each node. The nodes of a zone stand next to each other, in a
// random order, and one offset is drawn from each k-th of the circle: so each
// node's peers are spread over the zones as the nodes are. With k of n-1 and
// more it is AllPairs.
func Peers(zones []string, k int) *Plan {
	n := len(zones)
	if k >= n-1 {
		return AllPairs(n)
	}
	order := make([]int32, n)
	for i, node := range rand.Perm(n) { //nolint:gosec // a sample, not a secret
		order[i] = int32(node)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(zones[a], zones[b]) })
	offsets := make([]int32, 1, k+1)
	for i := range k {
		from, to := 1+i*(n-1)/k, 1+(i+1)*(n-1)/k
		offsets = append(offsets, int32(from+rand.IntN(to-from))) //nolint:gosec // a sample, not a secret
	}
	return newPlan(order, offsets)
}

func newPlan(order, offsets []int32) *Plan {
	n := len(order)
	p := &Plan{order: order, offsets: offsets, place: make([]int32, n), slots: make([]int32, n)}
	for place, node := range order {
		p.place[node] = int32(place)
		p.slots[place] = -1
	}
	for slot, offset := range offsets {
		p.slots[offset] = int32(slot)
	}
	return p
}

// Nodes is the number of nodes.
func (p *Plan) Nodes() int { return len(p.order) }

// PerNode is how many a node probes, and by how many it is probed: with itself.
func (p *Plan) PerNode() int { return len(p.offsets) }

// All reports that no pair is left out.
func (p *Plan) All() bool { return len(p.offsets) == len(p.order) }

// Targets are the nodes that a node probes. They begin with itself, and go on
// from its own place in the circle: not all begin with the same one.
func (p *Plan) Targets(from int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for slot := range p.offsets {
			if !yield(p.target(from, slot)) {
				return
			}
		}
	}
}

// each calls yield with the planned pairs of nodes with others, where nil is all of them;
// it is false when yield ended it.
func (p *Plan) each(from, to []int, yield func(from, to int) bool) bool {
	switch {
	case to == nil:
		for _, i := range orAll(from, len(p.order)) {
			for slot := range p.offsets {
				if !yield(i, p.target(i, slot)) {
					return false
				}
			}
		}
	case from == nil:
		for _, i := range to {
			for slot := range p.offsets {
				if !yield(p.caller(i, slot), i) {
					return false
				}
			}
		}
	default:
		for _, i := range from {
			for _, j := range to {
				if p.Has(i, j) && !yield(i, j) {
					return false
				}
			}
		}
	}
	return true
}

func orAll(list []int, n int) []int {
	if list == nil {
		for i := range n {
			list = append(list, i)
		}
	}
	return list
}

func (p *Plan) target(from, slot int) int {
	return int(p.order[(int(p.place[from])+int(p.offsets[slot]))%len(p.order)])
}

func (p *Plan) caller(to, slot int) int {
	n := len(p.order)
	return int(p.order[(int(p.place[to])-int(p.offsets[slot])+n)%n])
}

// cell is the index of a pair among all cells, or -1 where the plan has it not.
func (p *Plan) cell(from, to int) int {
	n := len(p.order)
	slot := p.slots[(int(p.place[to])-int(p.place[from])+n)%n]
	if slot < 0 {
		return -1
	}
	return from*len(p.offsets) + int(slot)
}

// Has reports that a node is planned to probe another.
func (p *Plan) Has(from, to int) bool { return p.cell(from, to) >= 0 }
