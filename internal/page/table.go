package page

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// table is a table as kubectl prints it.
type table struct {
	titles []string
	rows   []row
	// lines are those of the table, the first one is the header.
	lines []string
}

// row is a line of a table.
type row struct {
	text  string
	cells []cell
}

// cell is a part of a line, in bytes of it.
type cell struct {
	span
	text string
}

var (
	columnGap = regexp.MustCompile(` {2,}|\t+`)
	header    = regexp.MustCompile(`^[A-Z][A-Z0-9()/%_:-]*(?:[ \t]+[A-Z][A-Z0-9()/%_:-]*)*$`)
)

// isHeader reports whether a line is the header of a table.
func isHeader(text string) bool {
	text = strings.TrimSpace(text)
	return header.MatchString(text) && (strings.ContainsAny(text, " \t") || text == "NAME" || text == "AGE")
}

func (s *shownOutput) isTable() bool { return isHeader(s.lines[0].text) }

// parseTable reads a table; its columns begin where the titles do.
func parseTable(lines []string) table {
	t := table{lines: lines}
	if len(lines) == 0 {
		return t
	}
	split := cellsOf
	if len(columnGap.FindAllString(strings.TrimSpace(lines[0]), -1)) == 0 {
		split = wordsOf // the page has lost the white space
	}
	titles := split(lines[0])
	for _, c := range titles {
		t.titles = append(t.titles, c.text)
	}
	for _, l := range lines[1:] {
		cells := split(l)
		if len(cells) != len(titles) {
			if words := wordsOf(l); len(words) == len(titles) {
				cells = words
			} else {
				cells = byPosition(l, titles)
			}
		}
		t.rows = append(t.rows, row{l, cells})
	}
	return t
}

// cellsOf are the parts of a line between gaps of two blanks or more.
func cellsOf(text string) (cells []cell) {
	at := len(text) - len(strings.TrimLeft(text, " \t"))
	end := len(strings.TrimRight(text, " \t"))
	for at < end {
		next := end
		gap := columnGap.FindStringIndex(text[at:end])
		if gap != nil {
			next = at + gap[0]
		}
		cells = append(cells, cell{span{at, next}, text[at:next]})
		if gap == nil {
			break
		}
		at += gap[1]
	}
	return cells
}

var wordPattern = regexp.MustCompile(`\S+`)

func wordsOf(text string) (cells []cell) {
	for _, at := range wordPattern.FindAllStringIndex(text, -1) {
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
	found := tablesIn(linesOf(stdout), func(l string) string { return l })
	sections := tablesIn(s.lines, func(l line) string { return l.text })
	if s.command.watches { // which prints the header again and again
		for _, again := range sections[1:] {
			sections[0] = append(sections[0], again[1:]...)
		}
		sections = sections[:1]
	}
	for i, section := range sections {
		var lines []string
		if i < len(found) {
			lines = found[i]
		}
		part := *s
		part.lines = section
		all = append(all, part.compareTable(parseTable(lines), stderr)...)
	}
	return all
}

// tablesIn are the lines of each table in an output.
func tablesIn[L any](lines []L, text func(L) string) (all [][]L) {
	for _, l := range lines {
		if isHeader(text(l)) || len(all) == 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], l)
	}
	return all
}

func (s *shownOutput) compareTable(found table, stderr string) (all []difference) {
	var texts []string
	var lines []line
	for _, l := range s.lines {
		if !isElision(l.text) {
			texts, lines = append(texts, l.text), append(lines, l)
		}
	}
	if s.command.watches {
		lines = lastStates(lines)
		texts = texts[:0]
		for _, l := range lines {
			texts = append(texts, l.text)
		}
	}
	shown := parseTable(texts)
	if len(found.titles) == 0 || !isHeader(found.lines[0]) {
		return s.noTable(lines, found, stderr)
	}
	columns, headerDiffs := s.compareTitles(lines[0], shown, found)
	pairs, extra := s.pairRows(shown, found, columns)
	for i, p := range pairs {
		l := lines[i+1]
		switch {
		case p >= 0:
			all = append(all, s.compareRow(l, shown, shown.rows[i], found.rows[p], columns)...)
		case !isOfDefaultNamespace(shown.rows[i]):
			all = append(all, s.deleted(differs(l, squeezed(l.text), "", "the cluster shows no row for %s", shown.rows[i].at(0).text), l))
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
		headerDiffs[0].change = s.rewritten(lines, found, pairs, extra)
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

// noTable is that the cluster printed no table where the page shows one: every line of it is
// missing, which one finding says.
func (s *shownOutput) noTable(lines []line, found table, stderr string) []difference {
	printed := strings.TrimSpace(strings.Join(found.lines, "\n") + "\n" + stderr)
	first := lines[min(1, len(lines)-1)] // below the header
	return []difference{differs(first, squeezed(first.text), printed, "the page shows a table; the cluster shows none")}
}

// squeezed is a text with one blank for each white space.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// compareTitles finds, for each column that the page shows, the one of the cluster, or -1.
func (s *shownOutput) compareTitles(l line, shown, found table) (columns []int, all []difference) {
	var gone, added []string
	for _, title := range shown.titles {
		i := slices.Index(found.titles, title)
		if columns = append(columns, i); i < 0 {
			gone = append(gone, title)
		}
	}
	for i, title := range found.titles {
		if !slices.Contains(columns, i) {
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
	d := differs(l, squeezed(l.text), squeezed(found.lines[0]), "%s", strings.Join(texts, "; "))
	d.Final = true
	return columns, []difference{d}
}

// isClient reports whether a row of the cluster is that of the client Pod.
func isClient(r row) bool { return r.at(0).text == ClientPod || r.at(0).text == "pod/"+ClientPod }

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
		all[j], used[j] = j, isClient(f)
		name := squeezed(f.at(columns[0]).text)
		named[name] = append(named[name], j)
	}
	for i := range pairs {
		pairs[i] = -1
	}
	for least := len(columns) + 2; least > 0; least-- {
		for i, r := range shown.rows {
			if pairs[i] >= 0 {
				continue
			}
			candidates := all
			if name := squeezed(r.at(0).text); least >= len(columns) && s.patternFor(name, shown.titles[0]).isPlain { // the others lack its name
				candidates = named[name]
			}
			for _, j := range candidates {
				if !used[j] && s.isAlike(shown, r, found.rows[j], columns, least) {
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

// isAlike reports whether at least so many cells of two rows match. The first one counts for three, or for
// two where its value cannot stand for the other. Cells without a value that is bound are compared first,
// because that is fast and mostly decides.
func (s *shownOutput) isAlike(t table, shown, found row, columns []int, least int) bool {
	if isOfDefaultNamespace(shown) && shown.at(0).text != found.at(max(0, columns[0])).text {
		return false
	}
	missing := least - len(columns) - 2
	for _, plain := range []bool{true, false} {
		for i, column := range columns {
			text := shown.at(i).text
			if s.patternFor(text, t.titles[i]).isPlain != plain {
				continue
			}
			m, ok := s.match(text, found.at(column).text, t.titles[i])
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
func (s *shownOutput) compareRow(l line, t table, shown, found row, columns []int) (all []difference) {
	for i, column := range columns {
		if column < 0 {
			continue
		}
		a, b := shown.at(i), found.at(column)
		m, ok := s.match(a.text, b.text, t.titles[i])
		if ok {
			s.keep(m, l)
		}
		if ok && m.why == "" {
			continue
		}
		d := difference{id: l.id, Difference: expect.Difference{Shown: squeezed(l.text), Found: squeezed(found.text), Text: m.why, Final: ok}}
		if !ok {
			d.Text = t.titles[i] + ": the page shows " + cmp.Or(a.text, "nothing") + "; the cluster shows " + cmp.Or(b.text, "nothing")
		}
		all = append(all, d.replaced(fitted(l, shown, i, b.text)))
	}
	return all
}

// fitted is the place of a cell, and a text for it that keeps the columns in line.
func fitted(l line, r row, i int, text string) (span, string) {
	c := r.at(i)
	end := c.end
	if i+1 < len(r.cells) {
		end = r.cells[i+1].start
		const gap = 3
		text += strings.Repeat(" ", max(gap, end-c.start-utf8.RuneCountInString(text)))
	}
	return span{l.start + c.start, l.start + end}, text
}

// rewritten is the whole table with the columns of the cluster; what the page shows of values
// that are bound stays.
func (s *shownOutput) rewritten(lines []line, found table, pairs, extra []int) *change {
	header := lines[0]
	shown := make([]string, len(lines))
	for i, l := range lines {
		shown[i] = l.text
	}
	old := parseTable(shown)
	rows := [][]string{found.titles}
	for i, p := range pairs {
		if p < 0 {
			continue
		}
		rows = append(rows, s.rewrittenRow(old, old.rows[i], found, found.rows[p]))
	}
	for _, e := range extra {
		rows = append(rows, s.rewrittenRow(table{}, row{}, found, found.rows[e]))
	}
	begin := s.page.lines[s.page.line(header.start)-1]
	indent := string(s.page.text[begin:header.start])
	return &change{span{header.start, lines[len(lines)-1].end}, strings.Join(aligned(rows), "\n"+indent)}
}

func (s *shownOutput) rewrittenRow(old table, shown row, found table, now row) []string {
	cells := make([]string, len(found.titles))
	for i, title := range found.titles {
		cells[i] = now.at(i).text
		if was := slices.Index(old.titles, title); was >= 0 {
			if m, ok := s.match(shown.at(was).text, cells[i], title); ok && m.why == "" {
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
