package report

import (
	"fmt"
	"strings"
)

// heatmap draws a grid with one glyph per pair, or reports that it does not fit.
func (t *Terminal) heatmap(g grid) {
	label := t.labels(g)
	step := 2
	room := min(t.width, 80) - 4 - len([]rune(label[0]))
	if step*len(g.Nodes) > room {
		step = 1
	}
	if len(g.Nodes) > room {
		t.wrapped(fmt.Sprintf("The map of %d nodes does not fit here; use -o html.", len(g.Nodes)))
		return
	}
	indent := strings.Repeat(" ", len([]rune(label[0]))+4)
	digits := len(fmt.Sprint(len(g.Nodes)))
	for d := range digits {
		row := indent
		for j := range g.Nodes {
			number := fmt.Sprintf("%*d", digits, j+1)
			row += number[d:d+1] + strings.Repeat(" ", step-1)
		}
		t.line(t.style.dim(strings.TrimRight(row, " ")))
	}
	for i := range g.Nodes {
		row := "  " + label[i] + "  "
		for j := range g.Nodes {
			row += t.style.look(lookOf(g.cells[i][j])) + strings.Repeat(" ", step-1)
		}
		t.line(row)
	}
	t.legend(gridKey(g))
}

// legend explains the glyphs.
func (t *Terminal) legend(key []look) {
	lines, length := []string{t.style.dim("  rows probe columns")}, 20
	for _, l := range key {
		item := len(l.Words) + 4
		if length+item > min(t.width, 80) {
			lines, length = append(lines, ""), 0
		}
		lines[len(lines)-1] += "  " + t.style.look(l) + " " + l.Words
		length += item
	}
	t.blank()
	for _, l := range lines {
		t.line(l)
	}
}

// labels are those of the rows: zone, where there are several, number and name.
func (t *Terminal) labels(g grid) []string {
	const nameMax = 24
	zoneWidth, nameWidth := 0, 0
	for _, n := range g.Nodes {
		zoneWidth = max(zoneWidth, len([]rune(clean(n.Zone))))
		nameWidth = max(nameWidth, len([]rune(clean(n.Name))))
	}
	zoneWidth, nameWidth = min(zoneWidth, nameMax), min(nameWidth, nameMax)
	if 2*len(g.Nodes) > 40 { // a crowd: numbers and names leave more room
		zoneWidth, nameWidth = min(zoneWidth, 4), min(nameWidth, 12)
	}
	digits := len(fmt.Sprint(len(g.Nodes)))
	out := make([]string, len(g.Nodes))
	for i, n := range g.Nodes {
		zone := ""
		if zoneWidth > 0 {
			if i == 0 || g.Nodes[i-1].Zone != n.Zone {
				zone = cut(clean(n.Zone), zoneWidth)
			}
			zone = fmt.Sprintf("%-*s ", zoneWidth, zone)
		}
		out[i] = fmt.Sprintf("%s%*d %-*s", zone, digits, i+1, nameWidth, cut(clean(n.Name), nameWidth))
	}
	return out
}

// cut shortens text in its middle: names of nodes begin alike.
func cut(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	head := (width - 1) / 3
	return string(r[:head]) + "…" + string(r[len(r)-(width-1-head):])
}

func (s style) look(l look) string {
	return s.sgr(map[string]string{"good": "32", "warn": "33", "bad": "1;31", "none": "2"}[l.Class], l.Glyph)
}
