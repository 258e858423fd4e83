package report

import (
	_ "embed"
	"fmt"
	"html/template"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

//go:embed matrix.html.tmpl
var matrixSource string

// matrixFuncs are what the templates of a Matrix use, besides the page's own.
var matrixFuncs = template.FuncMap{
	"text": visible, "grids": grids, "key": gridKey, "zones": gridZones, "look": lookOf, "tip": tip,
	"zoned":   func(g grid) bool { return len(gridZones(g)) > 1 || len(g.Nodes) > 0 && g.Nodes[0].Zone != "" },
	"pairsOf": pairsOf, "familyText": familyText, "reaches": reachesText,
	"shown": shownNodes, "notShown": func(m *v1alpha1.Matrix) int { return len(m.Nodes) - len(shownNodes(m)) },
}

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
	used := map[look]bool{}
	for _, row := range g.cells {
		for _, p := range row {
			used[lookOf(p)] = true
		}
	}
	return usedLooks(used)
}

func reachesText(n v1alpha1.MatrixNode) string {
	if n.Reaches.Probed == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", n.Reaches.Probed-n.Reaches.Failing, n.Reaches.Probed)
}

// shownNodesMax is up to how many nodes a page lists each.
const shownNodesMax = 100

// shownNodes are all nodes of a small cluster, and those with a word to say of
// a large one.
func shownNodes(m *v1alpha1.Matrix) []v1alpha1.MatrixNode {
	if m.PairsAreAll || len(m.Nodes) <= shownNodesMax {
		return m.Nodes
	}
	var out []v1alpha1.MatrixNode
	for _, n := range m.Nodes {
		if n.Failed != "" || n.Skipped != "" || n.Reaches.Failing > 0 {
			out = append(out, n)
		}
	}
	return out
}
