package page

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// table is a table as kubectl prints it.
type table struct {
	header line
	titles []string
	// where are the columns as the rules know them.
	where []string
	rows  []row
}

// row is a line of a table.
type row struct {
	line
	cells []cell
}

// cell is a part of a line, in bytes of it.
type cell struct {
	span
	text string
}

var (
	cellPattern = regexp.MustCompile(`\S+(?: \S+)*`)
	wordPattern = regexp.MustCompile(`\S+`)
	header      = regexp.MustCompile(`^[A-Z][A-Z0-9()/%_:-]*(?:[ \t]+(?:[A-Z%][A-Z0-9()/%_:-]*|\.\.\.))*$`)
)

// isHeader reports whether a line is the header of a table.
func isHeader(text string) bool {
	text = strings.TrimSpace(text)
	return header.MatchString(text) && (strings.ContainsAny(text, " \t") || text == "NAME" || text == "AGE")
}

func (s *shownOutput) isTable() bool { return isHeader(s.lines[0].text) }

// parseTable reads a table; its columns begin where the titles do.
func parseTable(lines []line) table {
	t := table{header: lines[0]}
	titles, split := titlesOf(t.header.text)
	for _, c := range titles {
		t.titles = append(t.titles, c.text)
	}
	t.where = t.titles
	for _, l := range lines[1:] {
		cells := split(l.text)
		if len(cells) != len(titles) {
			if cells = wordsOf(l.text); len(cells) != len(titles) {
				cells = byPosition(l.text, titles)
			}
		}
		t.rows = append(t.rows, row{l, cells})
	}
	return t
}

// titlesOf are the titles of a table, and how its rows are split.
func titlesOf(header string) (titles []cell, split func(string) []cell) {
	if words := wordsOf(header); words[len(words)-1].text == "COMMAND" { // of ps: a blank between columns, and blanks in the last one
		return words, func(l string) []cell { return firstWords(l, len(words)) }
	}
	if titles = cellsOf(header); len(titles) > 1 {
		return titles, cellsOf
	}
	return wordsOf(header), wordsOf // the page has lost the white space
}

// cellsOf are the parts of a line between gaps of two blanks or more, or of a tab.
func cellsOf(text string) []cell { return partsOf(text, cellPattern) }

func wordsOf(text string) []cell { return partsOf(text, wordPattern) }

// firstWords are n words of a line, with the rest of it in the last one.
func firstWords(text string, n int) []cell {
	cells := wordsOf(text)
	if len(cells) > n {
		rest := span{cells[n-1].start, cells[len(cells)-1].end}
		cells = append(cells[:n-1], cell{rest, text[rest.start:rest.end]})
	}
	return cells
}

func partsOf(text string, pattern *regexp.Regexp) (cells []cell) {
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		cells = append(cells, cell{span{at[0], at[1]}, text[at[0]:at[1]]})
	}
	return cells
}

// byPosition are the cells below the titles; an empty one is there, too.
func byPosition(text string, titles []cell) (cells []cell) {
	for i, title := range titles {
		begin, end := min(title.start, len(text)), len(text)
		if i+1 < len(titles) {
			end = min(titles[i+1].start, len(text))
		}
		begin = min(begin, end)
		for begin > 0 && begin < len(text) && !utf8.RuneStart(text[begin]) {
			begin--
		}
		trimmed := strings.TrimSpace(text[begin:end])
		begin += strings.Index(text[begin:end], trimmed)
		cells = append(cells, cell{span{begin, begin + len(trimmed)}, trimmed})
	}
	return cells
}

// at is the cell of a column, or an empty one.
func (r row) at(i int) cell {
	if i < 0 || i >= len(r.cells) {
		return cell{span: span{len(r.text), len(r.text)}}
	}
	return r.cells[i]
}

// compareTables compares tables one by one: `kubectl get` of several kinds prints several.
func (s *shownOutput) compareTables(stdout, stderr string) (all []difference) {
	shown, found := tablesIn(s.lines), tablesIn(unplaced(stdout))
	if len(found) < len(shown) {
		before := slices.DeleteFunc(tablesIn(unplaced(s.besides)), func(t []line) bool { return !isHeader(t[0].text) })
		found = append(before[max(0, len(before)+len(found)-len(shown)):], found...)
	}
	if s.command.watches { // which prints the header again and again
		for _, again := range shown[1:] {
			shown[0] = append(shown[0], again[1:]...)
		}
		shown = [][]line{lastStates(shown[0])}
	}
	for i, lines := range shown {
		lines = withoutElisions(lines)
		switch {
		case i < len(found) && isHeader(found[i][0].text):
			all = append(all, s.compareTable(parseTable(lines), parseTable(found[i]))...)
		case !slices.ContainsFunc(parseTable(lines).rows, func(r row) bool { return !isOfDefaultNamespace(r) }):
		default: // every line is missing, which one finding says below the header
			all = append(all, differenceOf(lines[min(1, len(lines)-1)], strings.TrimSpace(stdout+stderr), "the page shows a table; the cluster shows none"))
		}
	}
	return all
}

// unplaced are the lines of an output, which have no place on the page.
func unplaced(text string) (lines []line) {
	for _, l := range linesOf(text) {
		lines = append(lines, line{text: l})
	}
	return lines
}

// tablesIn are the lines of each table in an output.
func tablesIn(lines []line) (all [][]line) {
	for _, l := range lines {
		if isHeader(l.text) || len(all) == 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], l)
	}
	return all
}

func (s *shownOutput) compareTable(shown, found table) (all []difference) {
	if s.command.listsNodes() {
		shown.where = slices.Concat([]string{"nodes"}, shown.titles[1:])
	}
	columns, headerDiffs := s.compareTitles(shown, found)
	pairs, extra := s.pairRows(shown, found, columns)
	for i, p := range pairs {
		r := shown.rows[i]
		switch {
		case p >= 0:
			all = append(all, s.compareRow(shown, r, found.rows[p], columns)...)
		case !isOfDefaultNamespace(r) && !isShell(shown, r):
			all = append(all, s.deleted(differenceOf(r.line, "", "the cluster shows no row for %s", r.at(0).text), r.line))
		}
	}
	if len(extra) > 0 && !s.elided() {
		more := make([]string, len(extra))
		for i, row := range extra {
			more[i] = found.rows[row].text
		}
		all = append(all, s.more(more, countOf(len(more), "row")))
	}
	if len(headerDiffs) > 0 {
		headerDiffs[0].change = s.rewritten(shown, found, pairs, extra)
		for i := range all {
			all[i].change = nil // the whole table is written again
		}
	}
	return append(headerDiffs, all...)
}

// lastStates are the lines of a table without the rows that a later one of the same object follows.
func lastStates(lines []line) (last []line) {
	seen := map[string]bool{}
	for _, l := range slices.Backward(lines) {
		if name := wordsOf(l.text)[0].text; !seen[name] {
			seen[name] = true
			last = append(last, l)
		}
	}
	slices.Reverse(last)
	return last
}

// squeezed is a text with one blank for each white space.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// compareTitles finds, for each column that the page shows, the one of the cluster, or -1.
func (s *shownOutput) compareTitles(shown, found table) (columns []int, all []difference) {
	var gone, added []string
	for _, title := range shown.titles {
		i := slices.Index(found.titles, title)
		if columns = append(columns, i); i < 0 && !isElision(title) {
			gone = append(gone, title)
		}
	}
	for i, title := range found.titles {
		if !slices.Contains(columns, i) && !slices.ContainsFunc(shown.titles, isElision) {
			added = append(added, title)
		}
	}
	if len(gone)+len(added) == 0 {
		return columns, nil
	}
	var texts []string
	if len(gone) > 0 {
		texts = append(texts, "the cluster has no column "+strings.Join(gone, ", "))
	}
	if len(added) > 0 {
		texts = append(texts, "the page does not show the column "+strings.Join(added, ", "))
	}
	d := differenceOf(shown.header, squeezed(found.header.text), "%s", strings.Join(texts, "; "))
	d.Final = true
	return columns, []difference{d}
}

// isClient reports whether a row of the cluster is that of the client Pod.
func isClient(r row) bool { return r.at(0).text == clientPod || r.at(0).text == "pod/"+clientPod }

// ownShell is how ps shows a shell in which a command of the page runs: a run opens one for each.
var ownShell = regexp.MustCompile(`^(?:\{\w+\} )?(?:/bin/)?(?:ba|a)?sh(?: -c .*)?$`)

func isShell(t table, r row) bool {
	last := len(t.titles) - 1
	return last > 0 && t.titles[last] == "COMMAND" && r.at(slices.Index(t.titles, "PID")).text != "1" && ownShell.MatchString(r.at(last).text)
}

// rootCA is a config map that every namespace has.
const rootCA = "kube-root-ca.crt"

// isOfDefaultNamespace reports whether a row is of what only the namespace default has.
func isOfDefaultNamespace(r row) bool {
	name := strings.TrimPrefix(r.at(0).text, "service/")
	return name == "kubernetes" && (strings.HasPrefix(r.at(1).text, "ClusterIP") || len(r.cells) < 4)
}

// pairRows finds, for each row that the page shows, the row of the cluster that is most like
// it, or -1; and the rows of the cluster that remain.
func (s *shownOutput) pairRows(shown, found table, columns []int) (pairs, extra []int) {
	pairs = make([]int, len(shown.rows))
	used := make([]bool, len(found.rows))
	all := make([]int, len(found.rows))
	named := map[string][]int{}
	for j, f := range found.rows {
		all[j], used[j] = j, isClient(f) || isShell(found, f)
		name := squeezed(f.at(columns[0]).text)
		named[name] = append(named[name], j)
	}
	for i, r := range shown.rows { // what a table before has bound comes first
		pairs[i] = -1
		name, known := s.nameOnCluster(r)
		for _, j := range named[name] {
			if known && !used[j] {
				pairs[i], used[j] = j, true
				break
			}
		}
	}
	byName := s.command.listsCluster() // what it has besides stands for nothing of the page
	for least := len(columns) + 2; least > 0; least-- {
		for i, r := range shown.rows {
			if pairs[i] >= 0 {
				continue
			}
			candidates := all
			if name := squeezed(r.at(0).text); least >= len(columns) && s.patternFor(name, shown.where[0]).isPlain { // the others lack its name
				candidates = named[name]
			}
			for _, j := range candidates {
				if f := found.rows[j]; !used[j] && (!byName || s.hasName(shown, r, f, columns)) && s.isAlike(shown, r, f, columns, least) {
					pairs[i], used[j] = j, true
					break
				}
			}
		}
	}
	for j := range found.rows {
		if !used[j] {
			extra = append(extra, j)
		}
	}
	return pairs, extra
}

// nameOnCluster is the first cell of the cluster's row for one of the page, where that is known.
func (s *shownOutput) nameOnCluster(r row) (cell string, known bool) {
	kind, name, joined := strings.Cut(r.at(0).text, "/")
	if !joined {
		kind, name = "", kind
	}
	if !s.command.listsNodes() {
		name = s.found[name]
	}
	return strings.TrimPrefix(kind+"/"+name, "/"), name != ""
}

// hasName reports whether the first cells of two rows match.
func (s *shownOutput) hasName(t table, shown, found row, columns []int) bool {
	m, ok := s.match(shown.at(0).text, found.at(max(0, columns[0])).text, t.where[0])
	return ok && m.why == ""
}

// isAlike reports whether at least so many cells of two rows match. The first one counts for three, or for
// two where its value cannot stand for the other. Cells without a value that is bound are compared first,
// because that is fast and mostly decides.
func (s *shownOutput) isAlike(t table, shown, found row, columns []int, least int) bool {
	if name := found.at(max(0, columns[0])).text; (isOfDefaultNamespace(shown) || name == rootCA) && shown.at(0).text != name {
		return false
	}
	missing := least - len(columns) - 2
	for _, plain := range []bool{true, false} {
		for i, column := range columns {
			text := shown.at(i).text
			if s.patternFor(text, t.where[i]).isPlain != plain {
				continue
			}
			m, ok := s.match(text, found.at(column).text, t.where[i])
			switch {
			case ok && m.why == "":
			case ok || i > 0:
				missing++
			default:
				missing += 3
			}
			if missing > 0 {
				return false
			}
		}
	}
	return true
}

// compareRow compares the cells of a row.
func (s *shownOutput) compareRow(t table, shown, found row, columns []int) (all []difference) {
	for i, column := range columns {
		if column < 0 {
			continue
		}
		a, b := shown.at(i), found.at(column)
		m, ok := s.match(a.text, b.text, t.where[i])
		if ok {
			s.keep(m, shown.line)
		}
		if ok && m.why == "" {
			continue
		}
		d := differenceOf(shown.line, squeezed(found.text), "%s", m.why)
		if d.Final = ok; !ok {
			d.Text = t.titles[i] + ": the page shows " + cmp.Or(a.text, "nothing") + "; the cluster shows " + cmp.Or(b.text, "nothing")
		}
		all = append(all, d.replaced(fitted(shown, i, s.rewrittenLine(a.text, b.text))))
	}
	return all
}

// fitted is the place of a cell, and a text for it that keeps the columns in line.
func fitted(r row, i int, text string) (span, string) {
	c := r.at(i)
	end := c.end
	if i+1 < len(r.cells) {
		end = r.cells[i+1].start
		gap := min(3, end-c.end) // of kubectl, unless the page has fewer blanks
		text += strings.Repeat(" ", max(gap, end-c.start-utf8.RuneCountInString(text)))
	}
	return span{r.start + c.start, r.start + end}, text
}

// rewritten is the whole table with the columns of the cluster; what the page shows of values
// that are bound stays.
func (s *shownOutput) rewritten(shown, found table, pairs, extra []int) *change {
	rows := [][]string{found.titles}
	end := shown.header.end
	for i, p := range pairs {
		if end = shown.rows[i].end; p >= 0 {
			rows = append(rows, s.rewrittenRow(shown, shown.rows[i], found, found.rows[p]))
		}
	}
	for _, e := range extra {
		rows = append(rows, s.rewrittenRow(table{}, row{}, found, found.rows[e]))
	}
	return &change{span{shown.header.start, end}, strings.Join(aligned(rows), "\n"+s.indent(shown.header))}
}

func (s *shownOutput) rewrittenRow(old table, shown row, found table, now row) []string {
	cells := make([]string, len(found.titles))
	for i, title := range found.titles {
		cells[i] = now.at(i).text
		if was := slices.Index(old.titles, title); was >= 0 {
			if m, ok := s.match(shown.at(was).text, cells[i], old.where[was]); ok && m.why == "" {
				cells[i] = shown.at(was).text
			}
		}
	}
	return cells
}

// aligned writes rows as kubectl does, three blanks between the columns.
func aligned(rows [][]string) (lines []string) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	_ = w.Flush() // a Builder takes everything
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return lines
}
