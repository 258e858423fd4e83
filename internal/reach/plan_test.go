package reach

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

func TestAllPairsHasEachPairOnce(t *testing.T) {
	p := AllPairs(4)
	cells := map[int]bool{}
	for from := range 4 {
		for to := range 4 {
			cells[p.cell(from, to)] = true
		}
		targets := slices.Collect(p.Targets(from))
		if targets[0] != from || len(targets) != 4 {
			t.Errorf("targets of %d: expected all four, itself first, found %v", from, targets)
		}
	}
	if len(cells) != 16 || cells[-1] {
		t.Errorf("expected 16 cells, found %v", cells)
	}
}

func TestPeersProbeAndAreProbedEqually(t *testing.T) {
	for _, tc := range []struct{ n, k int }{{3, 1}, {10, 3}, {100, 8}, {101, 7}, {1000, 8}, {5, 4}, {5, 9}, {1, 3}} {
		zones := make([]string, tc.n)
		for i := range zones {
			zones[i] = fmt.Sprint(i % 3)
		}
		for range 5 {
			p := Peers(zones, tc.k)
			want := min(tc.k, tc.n-1) + 1
			probedBy := make([]int, tc.n)
			for from := range tc.n {
				targets := slices.Collect(p.Targets(from))
				for slot, to := range targets {
					probedBy[to]++
					if p.caller(to, slot) != from || p.cell(from, to) != from*want+slot {
						t.Fatalf("%+v: the plan's ways there and back do not agree", tc)
					}
				}
				slices.Sort(targets)
				if len(slices.Compact(targets)) != want || !slices.Contains(targets, from) {
					t.Fatalf("%+v: expected that node %d probes itself and %d others, found %v", tc, from, want-1, targets)
				}
			}
			for to, by := range probedBy {
				if by != want {
					t.Fatalf("%+v: expected that node %d is probed %d times, found %d", tc, to, want, by)
				}
			}
		}
	}
}

func TestPeersMixZones(t *testing.T) {
	zones := make([]string, 90)
	for i := range zones {
		zones[i] = fmt.Sprint(i / 30)
	}
	p := Peers(zones, 9)
	for from := range zones {
		count := map[string]int{}
		for to := range p.Targets(from) {
			if to != from {
				count[zones[to]]++
			}
		}
		for zone, n := range count {
			if n < 2 || n > 4 || len(count) != 3 {
				t.Errorf("node %d: expected about three peers in each zone, found %d in zone %s", from, n, zone)
			}
		}
	}
}

func TestNodesAreInNaturalOrder(t *testing.T) {
	nodes := []Node{{Name: "node-10"}, {Name: "b", Zone: "z"}, {Name: "node-2"}, {Name: "node-02"}, {Name: "node"}, {Name: "a-1-x"}, {Name: "a-1-b"}}
	sortNodes(nodes)
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	if want := []string{"a-1-b", "a-1-x", "node", "node-02", "node-2", "node-10", "b"}; !slices.Equal(names, want) {
		t.Errorf("expected %v, found %v", want, names)
	}
}

func TestTheMatrixKeepsWhatIsSet(t *testing.T) {
	m := NewMatrix(Peers(make([]string, 40), 3), IPv4)
	to := slices.Collect(m.Plan.Targets(5))[2]
	m.Set(IPv4, 5, to, Sample{Outcome: probe.Slow, P50: 150 * time.Millisecond, P99: 4 * time.Second, Detail: "d"})
	m.Set(IPv6, 5, to, Sample{Outcome: probe.Refused})
	got := m.At(IPv4, 5, to)
	if got.Outcome != probe.Slow || got.Detail != "d" || (got.P50-150*time.Millisecond).Abs() > time.Microsecond || got.P99.Round(time.Millisecond) != 4*time.Second {
		t.Errorf("found %+v", got)
	}
	if done, failing := m.Progress(); done != 1 || failing != 0 {
		t.Errorf("expected one pair done, found %d, %d failing", done, failing)
	}
	p50, p99 := m.latency(IPv4)
	if (p50-150*time.Millisecond).Abs() > 2*time.Millisecond || p99 != p50 {
		t.Errorf("expected about 150 ms of the only pair, found %s and %s", p50, p99)
	}
}
