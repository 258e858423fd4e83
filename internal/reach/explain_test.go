package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

var glyphs = map[rune]probe.Outcome{
	' ': probe.None, '.': probe.Answered, '~': probe.Slow, '?': probe.Flaky, 'w': probe.WrongAnswer, 'r': probe.Refused, 'z': probe.Reset, 'x': probe.Timeout, 'u': probe.Unreachable,
}

// drawn makes a matrix of pictures, one per family, whose rows are callers.
func drawn(zones string, pictures ...[]string) ([]Node, *Matrix) {
	n := len(pictures[0])
	nodes := make([]Node, n)
	m := NewMatrix(AllPairs(n), []Family{IPv4, IPv6}[:len(pictures)]...)
	for i := range nodes {
		nodes[i].Name = fmt.Sprintf("node-%d", i+1)
		if zones != "" {
			nodes[i].Zone = zones[i : i+1]
		}
		for f, picture := range pictures {
			nodes[i].Addresses = append(nodes[i].Addresses, []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")}[f])
			for j, glyph := range []rune(picture[i]) {
				if s := glyphs[glyph]; s != probe.None {
					m.Set(Family(f), i, j, Sample{Outcome: s})
				}
			}
		}
	}
	return nodes, m
}

func findings(nodes []Node, m *Matrix) []string {
	var out []string
	for _, f := range explainMatrix(nodes, m) {
		level := "✗"
		if f.Warning {
			level = "!"
		}
		cause := ""
		if f.Cause != "" {
			cause = ": " + f.Cause
		}
		if do := f.Do(nodes); do == "" || strings.Contains(do, "$") {
			panic("expected a remedy, found " + do + " of " + f.Text(nodes, m))
		}
		out = append(out, fmt.Sprintf("%s %s%s (%d)", level, f.Text(nodes, m), cause, f.Pairs))
	}
	return out
}

func TestTheLargestPatternExplains(t *testing.T) {
	for name, tc := range map[string]struct {
		zones    string
		pictures [][]string
		want     []string
	}{
		"all is well": {"", [][]string{{"..", ".."}}, nil},
		"one node":    {"", [][]string{{"."}}, nil},
		"a partition of two of three": {"", [][]string{{"...", "..x", ".x."}}, []string{
			"✗ node-2 ⇎ node-3: timed out (2)"}},
		"one direction": {"", [][]string{{"...", "..u", "..."}}, []string{
			"✗ node-2 ⇏ node-3: unreachable (1)"}},
		"two nodes only": {"", [][]string{{".x", "x."}}, []string{
			"✗ node-1 ⇎ node-2: timed out (2)"}},
		"a node cut off": {"", [][]string{{"..x.", "..x.", "xx.x", "..x."}}, []string{
			"✗ node-3 is isolated: timed out (6)"}},
		"a node that cannot reach any node": {"", [][]string{{"...", "x.x", "..."}}, []string{
			"✗ node-2 cannot reach any node: timed out (2)"}},
		"a node whose pod does not answer": {"", [][]string{{".r.", ".r.", ".r."}}, []string{
			"✗ no node can reach node-2, not even itself: refused (3)"}},
		"zones, both ways": {"aabb", [][]string{{"..xx", "..xx", "xx..", "xx.."}}, []string{
			"✗ zone a ⇎ zone b: timed out (8)"}},
		"zones, one way": {"aabb", [][]string{{"....", "....", "xx..", "xx.."}}, []string{
			"✗ zone b ⇏ zone a: timed out (4)"}},
		"within a zone": {"aabb", [][]string{{".x..", "x...", "....", "...."}}, []string{
			"✗ within zone a no node reaches another: timed out (2)"}},
		"a zone of one node is that node": {"aab", [][]string{{"..x", "..x", "xx."}}, []string{
			"✗ node-3 is isolated: timed out (4)"}},
		"a zone cut off, and a pair elsewhere": {"aabbcc", [][]string{{
			"..xx..", "..xx..", "xx....", "xx....", ".....r", "......"}}, []string{
			"✗ zone a ⇎ zone b: timed out (8)",
			"✗ node-5 ⇏ node-6: refused (1)"}},
		"a split that no label draws": {"", [][]string{{"..xx.", "..xx.", "xx..x", "xx..x", "..xx."}}, []string{
			"✗ node-1, node-2, node-5 ⇎ node-3, node-4: timed out (12)"}},
		"a dead node in a zone, and not its zone": {"aabb", [][]string{{".x..", "xxxx", ".x..", ".x.."}}, []string{
			"✗ node-2 is isolated, not even itself: timed out (7)"}},
		"no hairpin": {"", [][]string{{"x..", ".x.", "..x"}}, []string{
			"✗ no pod reaches its own address: timed out (3)"}},
		"one without hairpin": {"", [][]string{{"...", ".x.", "..."}}, []string{
			"✗ the pod on node-2 cannot reach its own address: timed out (1)"}},
		"nothing across nodes": {"", [][]string{{".xx", "x.x", "xx."}}, []string{
			"✗ no node reaches another: timed out (6)"}},
		"a part of a row": {"", [][]string{{".....", "x.xx.", ".....", ".....", "....."}}, []string{
			"✗ node-2 cannot reach 3 of 4 nodes: node-1, node-3, node-4: timed out (3)"}},
		"a part of a column, two causes": {"", [][]string{{".x...", ".....", ".r...", ".x...", "....."}}, []string{
			"✗ 3 of 4 nodes cannot reach node-2: node-1, node-3, node-4: 2 timed out, 1 refused (3)"}},
		"a row that was not probed at all": {"", [][]string{{"...", "   ", "..."}}, nil},
		"one family only": {"", [][]string{{"...", "...", "..."}, {"...", "..x", ".x."}}, []string{
			"✗ node-2 ⇎ node-3, over IPv6: timed out (2)"}},
		"both families alike": {"", [][]string{{"...", "..x", ".x."}, {"...", "..x", ".x."}}, []string{
			"✗ node-2 ⇎ node-3: timed out (4)"}},
		"both families, other causes": {"", [][]string{{"...", "..x", "..."}, {"...", "..r", "..."}}, []string{
			"✗ node-2 ⇏ node-3, over IPv4: timed out (1)",
			"✗ node-2 ⇏ node-3, over IPv6: refused (1)"}},
		"slow is a warning": {"", [][]string{{".~~.", "~.~.", "~~.r", "...."}}, []string{
			"✗ node-3 ⇏ node-4: refused (1)",
			"! node-1 ⇄ node-2 is slow: a median of up to 0s (2)",
			"! node-1 ⇄ node-3 is slow: a median of up to 0s (2)",
			"! node-2 ⇄ node-3 is slow: a median of up to 0s (2)"}},
		"a slow node": {"", [][]string{{".~..", "~.~~", ".~..", ".~.."}}, []string{
			"! node-2 is slow in both directions: a median of up to 0s (6)"}},
	} {
		t.Run(name, func(t *testing.T) {
			nodes, m := drawn(tc.zones, tc.pictures...)
			if got := findings(nodes, m); !slices.Equal(got, tc.want) {
				t.Errorf("expected\n  %s\nfound\n  %s", strings.Join(tc.want, "\n  "), strings.Join(got, "\n  "))
			}
		})
	}
}

func TestAPairShowsWhoAnswered(t *testing.T) {
	nodes, m := drawn("", []string{"..", ". "})
	m.Set(IPv4, 1, 1, Sample{Outcome: probe.WrongAnswer, Detail: "the pod on node-1 answered"})
	want := []string{"✗ the pod on node-2 cannot reach its own address: wrong answer: the pod on node-1 answered (1)"}
	if got := findings(nodes, m); !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
}

// Every pair that fails is in exactly one finding, whatever fails.
func TestEachFailingPairIsExplainedOnce(t *testing.T) {
	for seed := range uint32(300) {
		n := 2 + int(seed%9)
		picture := make([]string, n)
		x := seed*2654435761 + 1
		for i := range picture {
			for range n {
				x ^= x << 13
				x ^= x >> 17
				x ^= x << 5
				picture[i] += string(".x.r"[x>>7%4])
			}
		}
		nodes, m := drawn("aaabbbcccddd"[:n], picture)
		explained := 0
		for _, f := range explainMatrix(nodes, m) {
			explained += f.Pairs
		}
		if _, failing := m.Progress(); explained != failing {
			t.Errorf("%q: %d pairs fail, %d are explained:\n  %s", picture, failing, explained, strings.Join(findings(nodes, m), "\n  "))
		}
	}
}

func TestTranslationAndNodesThatFail(t *testing.T) {
	nodes, m := drawn("", []string{"...", "...", "   "}, []string{".. ", ".. ", "   "})
	nodes[2] = Node{Name: "node-3", Failed: "its pod did not start"}
	m.Set(IPv4, 1, 0, Sample{Outcome: probe.Answered, SeenAs: netip.MustParseAddr("10.89.0.3")})
	nodes[0].Addresses = nodes[0].Addresses[:1]
	want := []string{
		"✗ pods on node-1 have no address of a family that others have: no IPv6 address (3)",
		"✗ node-3 could not take part: its pod did not start (0)",
		"! pods on node-2 are source-NATed to 10.89.0.3, over IPv4: that is what the pods that they probe see as the caller's address (1)",
	}
	if got := findings(nodes, m); !slices.Equal(got, want) {
		t.Errorf("expected\n  %s\nfound\n  %s", strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
}

// A node that could not probe, and that no node reached, is one finding; so is one
// that never took part.
func TestANodeThatFailsExplainsItsPairs(t *testing.T) {
	nodes, m := drawn("", []string{"..x.", "..x.", "    ", "r.x."})
	nodes[2].Failed = "exec ended"
	nodes = append(nodes, Node{Name: "node-5", Failed: "no image"}, Node{Name: "node-6", Skipped: "cordoned"})
	want := []string{
		"✗ node-3 could not take part: exec ended (3)",
		"✗ node-5 could not take part: no image (0)",
		"✗ node-4 ⇏ node-1: refused (1)",
	}
	if got := findings(nodes, m); !slices.Equal(got, want) {
		t.Errorf("expected\n  %s\nfound\n  %s", strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
}

func TestNodesOfOneCauseAreOneFinding(t *testing.T) {
	nodes, m := drawn("", []string{"..xx", "..xx", "    ", "    "})
	for i := range 4 {
		nodes = append(nodes, Node{Name: fmt.Sprintf("node-%d", 5+i)})
		n := &nodes[len(nodes)-1]
		n.fail(fmt.Errorf(`container "sise" of pod "reach-%d": node %q cannot reach the registry: %sErrImagePull: read udp [::1]:%d->[::1]:53`, i, n.Name,
			[]string{"", `ImagePullBackOff: Back-off pulling image "quay.io/a:1": `}[i%2], 40000+i))
	}
	nodes[2].fail(errors.New("exec ended"))
	nodes[3].fail(errors.New("exec ended"))
	want := []string{
		"✗ node-3, node-4 could not take part: exec ended (4)",
		`✗ node-5, node-6, node-7, node-8 could not take part: container "sise" of its pod: the node cannot reach the registry: ErrImagePull: read udp [::1]->[::1]:53 (0)`,
	}
	if got := findings(nodes, m); !slices.Equal(got, want) {
		t.Errorf("expected\n  %s\nfound\n  %s", strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
}

func TestManyTranslationsAreOneFinding(t *testing.T) {
	n := manyTranslations + 5
	nodes, m := drawn("", slices.Repeat([]string{strings.Repeat(".", n)}, n))
	for i := range n {
		m.Set(IPv4, i, 0, Sample{Outcome: probe.Answered, SeenAs: netip.MustParseAddr("10.89.0.3")})
	}
	want := []string{fmt.Sprintf("! pods on node-1, node-2, node-3 and %d more are source-NATed to other addresses, such as 10.89.0.3: that is what the pods that they probe see as the caller's address (%d)", n-3, n)}
	if got := findings(nodes, m); !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
}

// The outcome of all pairs may say more of what to do than their pattern.
func TestWhatToDoAboutAFinding(t *testing.T) {
	for picture, want := range map[string]string{"x": remedyBetween, "w": remedyWrong, "?": remedyFlaky, "~": remedySlow} {
		nodes, m := drawn("", []string{"." + picture, ".."})
		if found := explainMatrix(nodes, m); len(found) != 1 || found[0].Do(nodes) != want {
			t.Errorf("%s: expected %q, found %+v", picture, want, found)
		}
	}
	nodes, m := drawn("", []string{".x.", "xxx", ".x."})
	if found := explainMatrix(nodes, m); len(found) != 1 || !strings.HasSuffix(found[0].Do(nodes), "spec.nodeName=node-2") {
		t.Errorf("found %+v", found)
	}
}
