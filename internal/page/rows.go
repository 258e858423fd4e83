package page

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// isRows reports whether the page shows rows of a table and not its header, as behind grep.
func (s *shownOutput) isRows() bool { return s.hiddenHeader() != "" }

func (s *shownOutput) compareRows(stdout, _ string) []difference {
	header := line{text: s.hiddenHeader()}
	tableOf := func(rows []line) table { return parseTable(slices.Concat([]line{header}, rows)) }
	return s.compareTable(tableOf(withoutElisions(s.lines)), tableOf(unplaced(stdout)))
}

// hiddenHeader is the header of the table of which the page shows rows, or "".
func (s *shownOutput) hiddenHeader() string {
	if s.verb() != "get" {
		return ""
	}
	header, printed := "", linesOf(s.printed)
	switch {
	case len(printed) == 0:
	case isHeader(printed[0]) && len(s.command.filters) > 0:
		header = printed[0]
	case slices.Contains(s.command.words, "--no-headers"):
		header = headerFor(printed)
	}
	titles, shown := len(cellsOf(header)), withoutElisions(s.lines)
	for _, l := range shown {
		if len(cellsOf(l.text)) != titles && len(wordsOf(l.text)) != titles {
			return ""
		}
	}
	if titles < 2 || len(shown) == 0 {
		return ""
	}
	return header
}

var onlyAge = regexp.MustCompile(`^` + age + `$`)

// headerFor is a header for rows that are printed without one: it names the ages, which are not compared.
func headerFor(rows []string) string {
	titles := []string{"NAME"}
	for i := range cellsOf(rows[0])[1:] {
		title := "AGE"
		for _, r := range rows {
			if cells := cellsOf(r); len(cells) <= i+1 || !onlyAge.MatchString(cells[i+1].text) {
				title = fmt.Sprintf("column %d", i+2)
			}
		}
		titles = append(titles, title)
	}
	return strings.Join(titles, "   ")
}
