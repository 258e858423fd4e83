package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// matrixBlocks are a map per family where the Matrix holds all pairs, the counts, and what
// explains the failures.
func matrixBlocks(m *v1alpha1.Matrix) (blocks []Block) {
	maps := grids(m)
	for i, f := range m.Families {
		blocks = append(blocks, Heading{Text: f.Family, More: ": connectivity between nodes", Top: true})
		if len(maps) > i {
			blocks = append(blocks, Map{maps[i]})
		}
		blocks = append(blocks, Prose{Text: familyText(f)})
	}
	for _, remark := range matrixRemarks(m) {
		blocks = append(blocks, Finding{Mark: markOpen, Text: remark})
	}
	if len(m.Findings) > 0 {
		blocks = append(blocks, Break{})
	}
	for _, f := range m.Findings {
		mark := markFailed
		if f.Warning {
			mark = markWarning
		}
		blocks = append(blocks, Finding{Mark: mark, Text: f.Text + pairsOf(f), Details: details("", f.Cause, f.Remedy)})
	}
	if m.FindingsLeftOut > 0 {
		blocks = append(blocks, Finding{Mark: markOpen, Text: fmt.Sprintf("and %d more", m.FindingsLeftOut)})
	}
	return blocks
}

// matrixRemarks say what bounds the run's word.
func matrixRemarks(m *v1alpha1.Matrix) (remarks []string) {
	if m.CrossNodeSkipped != "" {
		remarks = append(remarks, "between nodes: skipped: "+m.CrossNodeSkipped)
	}
	if m.Peers > 0 {
		remarks = append(remarks, fmt.Sprintf("a sample: each node probed %s and was probed by as many", Plural(m.Peers, "other")))
	}
	for _, n := range m.Nodes {
		if n.Skipped != "" {
			remarks = append(remarks, n.Name+": skipped: "+n.Skipped)
		}
	}
	return remarks
}

func pairsOf(f v1alpha1.MatrixFinding) string {
	if f.Pairs == 0 {
		return ""
	}
	return " (" + Plural(f.Pairs, "pair") + ")"
}

func familyText(f v1alpha1.MatrixFamily) string {
	text := countsText(f.Counts)
	if latency := latencyText(f.P50Microseconds, f.P99Microseconds); latency != "" {
		text += "; " + latency
	}
	return text + "."
}

// look is how a state of a pair is drawn and said.
type look struct {
	State v1alpha1.MatrixState
	// Glyph is ASCII, and differs from all others without colour.
	Glyph string
	Words string
	// Class is good, warn, bad or none.
	Class string
}

// looks are those of all states, in the order of a legend.
var looks = []look{
	{v1alpha1.PairReachable, ".", "reachable", "good"},
	{v1alpha1.PairSlow, "~", "slow", "warn"},
	{v1alpha1.PairFlaky, "?", "flaky", "bad"},
	{v1alpha1.PairWrongAnswer, "w", "wrong answer", "bad"},
	{v1alpha1.PairRefused, "r", "refused", "bad"},
	{v1alpha1.PairReset, "z", "reset", "bad"},
	{v1alpha1.PairTimedOut, "x", "timed out", "bad"},
	{v1alpha1.PairUnreachable, "u", "unreachable", "bad"},
	{v1alpha1.PairNotProbed, "-", "not probed", "none"},
}

// seenAs is how a pair is drawn that is reachable, under another address.
var seenAs = look{v1alpha1.PairReachable, "s", "reachable, source-NATed", "warn"}

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

// tip says all of a pair in one line.
func tip(p v1alpha1.MatrixPair) string {
	text := fmt.Sprintf("%s → %s: %s", p.From, p.To, lookOf(p).Words)
	if latency := latencyText(p.P50Microseconds, p.P99Microseconds); latency != "" {
		text += ", " + latency
	}
	if p.SeenAs != "" {
		text += ", source-NATed to " + p.SeenAs
	}
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	return visible(text)
}

// listedMax is up to how many nodes a page lists each pair.
const listedMax = 16

// pairTips say all of each pair of a small grid, for readers without a mouse.
func pairTips(g grid) (tips []string) {
	if len(g.Nodes) > listedMax {
		return nil
	}
	for _, row := range g.cells {
		for _, p := range row {
			tips = append(tips, tip(p))
		}
	}
	return tips
}

// countsText says counts in words.
func countsText(c v1alpha1.MatrixCounts) string {
	words := []string{Plural(c.Probed, "pair")}
	for _, l := range looks {
		if n := c.States[l.State]; n > 0 {
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
	return fmt.Sprintf("%.1f ms", float64(us)/1000)
}

// Plural is a number of things, in words.
func Plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// grid is the part of a Matrix that is drawn: its rows and columns are the nodes
// that take part.
type grid struct {
	Family string
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
		if n.Reaches.Probed+n.Reaches.States[v1alpha1.PairNotProbed] > 0 {
			index[n.Name] = len(nodes)
			nodes = append(nodes, n)
		}
	}
	var out []grid
	for _, f := range m.Families {
		g := grid{Family: f.Family, Nodes: nodes, cells: make([][]v1alpha1.MatrixPair, len(nodes))}
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

// isZoned: the nodes are of several zones, or of one that has a name.
func isZoned(g grid) bool { return len(gridZones(g)) > 1 || len(g.Nodes) > 0 && g.Nodes[0].Zone != "" }

// gridZone is a run of nodes of one zone.
type gridZone struct {
	Name string
	Size int
	Rows []gridRow
}

type gridRow struct {
	Name  string
	Cells []v1alpha1.MatrixPair
}

func gridZones(g grid) []gridZone {
	var out []gridZone
	for i, n := range g.Nodes {
		if i == 0 || g.Nodes[i-1].Zone != n.Zone {
			out = append(out, gridZone{Name: n.Zone})
		}
		last := &out[len(out)-1]
		last.Size++
		last.Rows = append(last.Rows, gridRow{n.Name, g.cells[i]})
	}
	return out
}

// gridKey is the legend of what is in a grid.
func gridKey(g grid) []look {
	pairs := slices.Concat(g.cells...)
	return slices.DeleteFunc(slices.Concat(looks, []look{seenAs}), func(l look) bool {
		return !slices.ContainsFunc(pairs, func(p v1alpha1.MatrixPair) bool { return lookOf(p) == l })
	})
}
