package page

import (
	"slices"
	"strings"
)

// compareText compares line by line, in any order.
func (s *shownOutput) compareText(stdout, stderr string) (all []difference) {
	printed := linesOf(stdout)
	found := append(slices.Clone(printed), linesOf(stderr)...)
	used := make([]bool, len(found))
	var missing []line
	for _, l := range s.lines {
		if !isElision(l.text) && !s.findLine(l, found, used) && !isProgress(l.text) {
			missing = append(missing, l)
		}
	}
	for _, l := range missing {
		i := nearest(l.text, found, used)
		if i < 0 {
			all = append(all, s.deleted(differs(l, "", "the command does not print this"), l))
			continue
		}
		used[i] = true
		d := differs(l, squeezed(found[i]), "the command prints something else")
		if m, ok := s.match(l.text, found[i], ""); ok && m.why != "" {
			d.Text, d.Final = m.why, true
			s.keep(m, l)
		}
		all = append(all, d.replaced(l.span, s.rewrittenLine(l.text, found[i])))
	}
	var more []string
	for i, f := range printed {
		if !used[i] && !isProgress(f) {
			more = append(more, f)
		}
	}
	if len(more) > 0 && !s.elided() && s.verb() != "logs" {
		all = append(all, s.more(more, countOf(len(more), "line")))
	}
	return all
}

// findLine finds an unused line that matches.
func (s *shownOutput) findLine(l line, found []string, used []bool) bool {
	for i, f := range found {
		if used[i] {
			continue
		}
		if m, ok := s.match(l.text, f, ""); ok && m.why == "" {
			s.keep(m, l)
			used[i] = true
			return true
		}
	}
	return false
}

// nearest is the unused line that has most words in common, or -1.
func nearest(text string, found []string, used []bool) int {
	words := strings.Fields(text)
	best, most := -1, -1
	for i, f := range found {
		if used[i] {
			continue
		}
		n := 0
		for _, w := range strings.Fields(f) {
			if slices.Contains(words, w) {
				n++
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	return best
}

// rewrittenLine is a line of the cluster with the values of the page where they stand for the
// cluster's.
func (s *shownOutput) rewrittenLine(shown, found string) string {
	for value, bound := range s.found {
		if s.renamed[value] == "" && indexWord(shown, value) >= 0 {
			found = strings.ReplaceAll(found, bound, value)
		}
	}
	if s.namespace != "" {
		found = strings.ReplaceAll(found, s.namespace, "default")
	}
	return found
}
