package reach_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// BenchmarkMatrix is what a run on 5,000 nodes in three zones does besides
// probing: the plan, the aggregation of all results, the findings and the
// terminal's summary. Two nodes are dead, one zone cannot reach another, and
// one pair in ten thousand fails. The metric held-MB is the heap with all in it; B/op is
// all that was ever allocated, an upper bound of the peak.
func BenchmarkMatrix(b *testing.B) {
	for _, bench := range []struct {
		name         string
		nodes, peers int
	}{
		{"nodes=100/all", 100, 99}, {"nodes=1000/all", 1000, 999},
		{"nodes=5000/peers=8", 5000, 8}, {"nodes=5000/all", 5000, 4999},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			heap, findings := uint64(0), 0
			for b.Loop() {
				r := simulate(bench.nodes, bench.peers)
				var out v1alpha1.Reach
				r.AddTo(&out)
				m := out.Matrix
				report.NewTerminal(io.Discard, nil, 80, false).Show(&v1alpha1.Reach{Matrix: m})
				findings = len(m.Findings) + m.FindingsLeftOut
				b.StopTimer()
				runtime.GC()
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				heap = max(heap, stats.HeapAlloc) // all else in this process is small
				runtime.KeepAlive(r)
				b.StartTimer()
			}
			b.ReportMetric(float64(heap)/(1<<20), "held-MB")
			b.ReportMetric(float64(findings), "findings")
		})
	}
}

func simulate(n, peers int) *reach.Result {
	nodes, zones := make([]reach.Node, n), make([]string, n)
	for i := range nodes {
		zones[i] = string(rune('a' + i*3/n))
		nodes[i] = reach.Node{Name: fmt.Sprintf("node-%d", i+1), Zone: zones[i], Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 244, byte(i >> 8), byte(i)})}}
	}
	plan := reach.Peers(zones, peers)
	m := reach.NewMatrix(plan, reach.IPv4)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a simulation
	for from := range n {
		for to := range plan.Targets(from) {
			p50 := time.Duration(100+random.IntN(900)) * time.Microsecond
			s := reach.Sample{Outcome: probe.Answered, P50: p50, P99: 3 * p50}
			if from != to && (from == 7 || to == 7 || from == n/2 || to == n/2 || zones[from] == "a" && zones[to] == "c" || random.IntN(10_000) == 0) {
				s = reach.Sample{Outcome: probe.Timeout}
			}
			m.Set(reach.IPv4, from, to, s)
		}
	}
	return &reach.Result{Nodes: nodes, Matrix: m, Slow: 100 * time.Millisecond}
}
