package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func counter(c *v1alpha1.MatrixCounts, s v1alpha1.MatrixState) *int {
	switch s {
	case v1alpha1.PairReachable:
		return &c.Reachable
	case v1alpha1.PairSlow:
		return &c.Slow
	case v1alpha1.PairFlaky:
		return &c.Flaky
	case v1alpha1.PairWrongAnswer:
		return &c.WrongAnswer
	case v1alpha1.PairRefused:
		return &c.Refused
	case v1alpha1.PairReset:
		return &c.Reset
	case v1alpha1.PairTimedOut:
		return &c.TimedOut
	case v1alpha1.PairUnreachable:
		return &c.Unreachable
	default:
		return &c.NotProbed
	}
}

// look is how a state of a pair is drawn and said.
type look struct {
	State v1alpha1.MatrixState
	// Glyph is ASCII, and can be told from all others without colour.
	Glyph string
	Words string
	// Class is good, warn, bad or none.
	Class string
}

// looks are those of all states, in the order of a legend.
var looks = []look{
	{v1alpha1.PairReachable, ".", "reachable", "good"},
	{v1alpha1.PairSlow, "~", "slow", "warn"},
	{v1alpha1.PairFlaky, "?", "answers only sometimes", "bad"},
	{v1alpha1.PairWrongAnswer, "w", "wrong answer", "bad"},
	{v1alpha1.PairRefused, "r", "refused", "bad"},
	{v1alpha1.PairReset, "z", "reset", "bad"},
	{v1alpha1.PairTimedOut, "x", "timed out", "bad"},
	{v1alpha1.PairUnreachable, "u", "unreachable", "bad"},
	{v1alpha1.PairNotProbed, "-", "not probed", "none"},
}

// seenAs is how a pair is drawn that is reachable, under another address.
var seenAs = look{v1alpha1.PairReachable, "s", "reachable, seen under another address", "warn"}

func lookOf(p v1alpha1.MatrixPair) look {
	if p.SeenAs != "" && p.State == v1alpha1.PairReachable {
		return seenAs
	}
	for _, l := range looks {
		if l.State == p.State {
			return l
		}
	}
	return looks[len(looks)-1]
}

// usedLooks are those of a set, in the order of a legend.
func usedLooks(used map[look]bool) []look {
	var out []look
	for _, l := range slices.Concat(looks, []look{seenAs}) {
		if used[l] {
			out = append(out, l)
		}
	}
	return out
}

// tip says all of a pair in one line.
func tip(p v1alpha1.MatrixPair) string {
	text := fmt.Sprintf("%s → %s: %s", p.From, p.To, lookOf(p).Words)
	if latency := latencyText(p.P50Microseconds, p.P99Microseconds); latency != "" {
		text += ", " + latency
	}
	if p.SeenAs != "" {
		text += ", seen as " + p.SeenAs
	}
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	return visible(text)
}

// countsText says counts in words.
func countsText(c v1alpha1.MatrixCounts) string {
	words := []string{plural(c.Probed, "pair")}
	for _, l := range looks {
		if n := *counter(&c, l.State); n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, l.Words))
		}
	}
	return words[0] + ": " + strings.Join(words[1:], ", ")
}

func latencyText(p50, p99 int64) string {
	if p50 == 0 && p99 == 0 {
		return ""
	}
	return fmt.Sprintf("p50 %s, p99 %s", micros(p50), micros(p99))
}

func micros(us int64) string {
	if us >= 100_000 {
		return seconds(time.Duration(us) * time.Microsecond)
	}
	return fmt.Sprintf("%.2f ms", float64(us)/1000)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// grid is the part of a Matrix that is drawn: its rows and columns are the nodes
// that take part.
type grid struct {
	family string
	Nodes  []v1alpha1.MatrixNode
	cells  [][]v1alpha1.MatrixPair
}

// grids returns one per family, or none where the report does not hold all pairs.
func grids(m *v1alpha1.Matrix) []grid {
	if !m.PairsAreAll {
		return nil
	}
	var nodes []v1alpha1.MatrixNode
	index := map[string]int{}
	for _, n := range m.Nodes {
		if n.Reaches.Probed+n.Reaches.NotProbed > 0 {
			index[n.Name] = len(nodes)
			nodes = append(nodes, n)
		}
	}
	var out []grid
	for _, f := range m.Families {
		g := grid{family: f.Family, Nodes: nodes, cells: make([][]v1alpha1.MatrixPair, len(nodes))}
		for i := range nodes {
			g.cells[i] = make([]v1alpha1.MatrixPair, len(nodes))
			for j := range nodes {
				g.cells[i][j] = v1alpha1.MatrixPair{Family: f.Family, From: nodes[i].Name, To: nodes[j].Name, State: v1alpha1.PairNotProbed}
			}
		}
		for _, p := range m.Pairs {
			if p.Family == f.Family {
				g.cells[index[p.From]][index[p.To]] = p
			}
		}
		out = append(out, g)
	}
	return out
}
