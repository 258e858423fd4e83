package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// dual is a run on four nodes in two zones, each family with a fault of its own.
func dual() *reach.Result {
	r := &reach.Result{Slow: 100 * time.Millisecond, Stages: []v1alpha1.Stage{{Name: "probes", ElapsedMilliseconds: 1500}}}
	for i := range 4 {
		r.Nodes = append(r.Nodes, reach.Node{
			Name: fmt.Sprintf("node-%d", i+1), Zone: []string{"a", "a", "b", "b"}[i],
			Addresses: []netip.Addr{netip.MustParseAddr(fmt.Sprintf("10.244.%d.2", i+1)), netip.MustParseAddr(fmt.Sprintf("fd00:10:244:%d::2", i+1))},
		})
	}
	r.Nodes = append(r.Nodes, reach.Node{Name: "node-5", Failed: `container "sise" of pod "reach-4": the image cannot be pulled: ErrImagePull`},
		reach.Node{Name: "node-6", Skipped: "cordoned"})
	m := reach.NewMatrix(reach.AllPairs(4), reach.IPv4, reach.IPv6)
	for _, f := range m.Families() {
		for from := range 4 {
			for to := range 4 {
				s := reach.Sample{Outcome: probe.Answered, P50: time.Duration(300+10*from+to) * time.Microsecond, P99: 2 * time.Millisecond}
				switch {
				case f == reach.IPv4 && from/2 != to/2:
					s = reach.Sample{Outcome: probe.Timeout}
				case f == reach.IPv6 && from == 0 && to == 1:
					s.Outcome, s.P50 = probe.Slow, 250*time.Millisecond
				case f == reach.IPv6 && from == 1 && to != 1:
					s.SeenAs = netip.MustParseAddr("fd00::3")
				case f == reach.IPv6 && from == 2 && to == 3:
					s = reach.Sample{Outcome: probe.WrongAnswer, Detail: "the pod on node-1 answered <b>"}
				}
				m.Set(f, from, to, s)
			}
		}
	}
	r.Matrix = m
	return r
}

// matrixOf is the matrix of the report of a result.
func matrixOf(r *reach.Result) *v1alpha1.Matrix {
	var report v1alpha1.Reach
	r.AddTo(&report)
	return report.Matrix
}

func matrixText(t *testing.T, m *v1alpha1.Matrix, colour bool) string {
	t.Helper()
	var out bytes.Buffer
	NewTerminal(&out, nil, 80, colour).Note(matrixBlocks(m)...)
	return out.String()
}

func TestGoldenMatrix(t *testing.T) {
	m := matrixOf(dual())
	golden(t, "matrix.txt", []byte(matrixText(t, m, false)))
	golden(t, "matrix-colour.txt", []byte(matrixText(t, m, true)))
}

var lineWidth = regexp.MustCompile(`(?m)^.{81,}$`)

func TestTheMapFitsOrIsLeftOut(t *testing.T) {
	for _, tc := range []struct {
		nodes int
		drawn bool
	}{{1, true}, {9, true}, {10, true}, {30, true}, {55, true}, {80, false}, {150, false}} {
		r := &reach.Result{Matrix: reach.NewMatrix(reach.AllPairs(tc.nodes), reach.IPv4)}
		for i := range tc.nodes {
			r.Nodes = append(r.Nodes, reach.Node{Name: fmt.Sprintf("ip-10-0-12-%d.eu-central-1.compute.internal", i), Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
			for j := range tc.nodes {
				r.Matrix.Set(reach.IPv4, i, j, reach.Sample{Outcome: []probe.Outcome{probe.Answered, probe.Timeout}[(i+j)/tc.nodes]})
			}
		}
		text := matrixText(t, matrixOf(r), false)
		if drawn := strings.Contains(text, "rows probe columns"); drawn != tc.drawn {
			t.Errorf("%d nodes: expected a map: %t, found\n%s", tc.nodes, tc.drawn, text)
		}
		if long := lineWidth.FindString(text); long != "" {
			t.Errorf("%d nodes: a line is wider than 80 columns: %q", tc.nodes, long)
		}
	}
}

func TestAReportOfManyNodesHoldsTheFailures(t *testing.T) {
	const n, listed = 120, 1000
	r := &reach.Result{Matrix: reach.NewMatrix(reach.AllPairs(n), reach.IPv4)}
	for i := range n {
		r.Nodes = append(r.Nodes, reach.Node{Name: fmt.Sprintf("node-%d", i+1), Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
		for j := range n {
			s := reach.Sample{Outcome: probe.Answered}
			if i < 10 && i != j {
				s.Outcome = probe.Timeout
			}
			r.Matrix.Set(reach.IPv4, i, j, s)
		}
	}
	m := matrixOf(r)
	if m.PairsAreAll || len(m.Pairs) != listed || m.PairsLeftOut != 10*(n-1)-listed {
		t.Errorf("expected %d pairs and the rest counted, found %d, %d left out", listed, len(m.Pairs), m.PairsLeftOut)
	}
	if len(m.Findings) != 10 || m.Findings[0].Text != "node-1 cannot reach any node" {
		t.Errorf("found %+v", m.Findings)
	}
	s := suite{}
	s.addMatrix(m)
	if s.Tests != n || s.Failures != 10 {
		t.Errorf("expected a case per node, %d, of which 10 fail; found %d and %d", n, s.Tests, s.Failures)
	}
}

func TestJUnitHasACasePerPair(t *testing.T) {
	s := suite{}
	s.addMatrix(matrixOf(dual()))
	// 32 pairs, one node that failed, one that was skipped.
	if s.Tests != 34 || s.Failures != 9 || s.Errors != 1 || s.Skipped != 1 {
		t.Errorf("found %d tests, %d failures, %d errors, %d skipped", s.Tests, s.Failures, s.Errors, s.Skipped)
	}
	if _, err := xml.Marshal(s); err != nil {
		t.Error(err)
	}
}

func TestOneNodeIsSkippedBetweenNodes(t *testing.T) {
	r := &reach.Result{Nodes: []reach.Node{{Name: "only", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}}, Matrix: reach.NewMatrix(reach.AllPairs(1), reach.IPv4)}
	r.Matrix.Set(reach.IPv4, 0, 0, reach.Sample{Outcome: probe.Answered})
	m := matrixOf(r)
	if text := matrixText(t, m, false); !strings.Contains(text, "between nodes: skipped: 1 schedulable node") || len(m.Findings) > 0 {
		t.Errorf("found\n%s", text)
	}
}

func TestReachFormats(t *testing.T) {
	r := &v1alpha1.Reach{
		RunResult: v1alpha1.RunResult{
			Verdict: v1alpha1.CouldNotRun,
			Run:     v1alpha1.Run{Context: "here", ServerVersion: "v1.37.2", Namespace: "kbe-reach-x7k2p", OwnNamespace: true},
			Cleanup: &v1alpha1.Cleanup{Unconfirmed: []string{"reach-4 on node-5"}, ElapsedMilliseconds: 5100},
		},
		Matrix: matrixOf(dual()), Hardened: true,
	}
	r.StartTime.Time = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	goldenFormats(t, "reach", r)
	var story bytes.Buffer
	terminal := NewTerminal(&story, nil, 80, false)
	terminal.Show(r)
	terminal.End(r)
	golden(t, "reach.txt", story.Bytes())
}

// Whatever a cluster says, the page of a Reach loads and runs nothing, and the
// terminal obeys nothing.
func TestAReachOfHostileTexts(t *testing.T) {
	const evil = "\x1b[31m\x00</td><script>alert(1)</script><img src=x onerror=y>\" onmouseover=\"z"
	result := dual()
	for i := range result.Nodes {
		result.Nodes[i].Name += evil
		result.Nodes[i].Zone += evil
	}
	result.Nodes[4].Failed, result.Nodes[5].Skipped = evil, evil
	result.Matrix.Set(reach.IPv6, 2, 3, reach.Sample{Outcome: probe.WrongAnswer, Detail: evil})
	r := &v1alpha1.Reach{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.ClaimFailed, Error: evil, Run: v1alpha1.Run{Context: evil}}, Matrix: matrixOf(result)}
	var page bytes.Buffer
	if err := Write(&page, "html", r); err != nil {
		t.Fatal(err)
	}
	if found := external(t, page.Bytes()); len(found) > 0 {
		t.Errorf("expected nothing that refers to elsewhere or runs, found %s", strings.Join(found, ", "))
	}
	if text := matrixText(t, r.Matrix, false); strings.Contains(text, "\x1b") {
		t.Errorf("expected no escape sequence, found %q", text)
	}
}
