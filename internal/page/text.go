package page

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// compareText compares line by line, in any order.
func (s *shownOutput) compareText(stdout, stderr string) (all []difference) {
	printed := linesOf(stdout)
	if listsNames.MatchString(s.command.text) && slices.Equal(wordsIn(textsOf(s.lines)), wordsIn(printed)) {
		return nil
	}
	found := newPrintedLines(slices.Concat(printed, linesOf(stderr), linesOf(s.besides)))
	var missing []line
	for _, l := range s.lines {
		if !isElision(l.text) && !s.findLine(l, found) && !isProgress(l.text) {
			missing = append(missing, l)
		}
	}
	// Lines that have no word in common are each other's only where there is one for each.
	anyPair := len(missing) <= len(found.unused()) && !s.elided()
	ofPage, ofCluster := familiesIn(textsOf(s.lines)), familiesIn(found.texts)
	for _, l := range missing {
		if m, ok := s.matchFamilies(ofPage.like(l.text), ofCluster.like(l.text)); ok {
			m.values = slices.DeleteFunc(m.values, func(v boundValue) bool { return indexWord(l.text, v.shown) < 0 })
			s.keep(m, l)
			continue
		}
		i := found.nearest(l.text, anyPair)
		if i < 0 {
			all = append(all, s.deleted(differenceOf(l, "", "the command does not print this"), l))
			continue
		}
		found.used[i] = true
		text := found.texts[i]
		d := differenceOf(l, squeezed(text), "the command prints something else")
		if squeezed(l.text)+" from "+s.page.home.last()+" namespace" == s.rewrittenLine("", squeezed(text)) {
			d.Text, d.Final = "kubectl prints the namespace, too", true
		}
		if m, ok := s.match(l.text, text, ""); ok && m.why != "" {
			d.Text, d.Final = m.why, true
			s.keep(m, l)
		}
		all = append(all, d.replaced(l.span, s.rewrittenLine(l.text, text)))
	}
	return append(all, s.moreLines(printed, found, ofPage, ofCluster)...)
}

// moreLines are those of the cluster that the page lacks, as one difference. A page may end before the last line.
func (s *shownOutput) moreLines(printed []string, found *printedLines, ofPage, ofCluster families) []difference {
	if s.elided() || s.verb() == "logs" || isProgress(s.lines[len(s.lines)-1].text) {
		return nil
	}
	var more []string
	for i, f := range printed {
		if !found.used[i] && !isProgress(f) && !differInFamilies(ofPage.like(f), ofCluster.like(f)) {
			more = append(more, f)
		}
	}
	if len(more) == 0 {
		return nil
	}
	return []difference{s.more(more, countOf(len(more), "line"))}
}

// listsNames is an ls that prints names alone, on a terminal several in a line.
var listsNames = regexp.MustCompile(`(?:^|-- )ls(?:\s+[^-\s]\S*)*$`)

// wordsIn are the words of lines, in order.
func wordsIn(lines []string) []string {
	return slices.Sorted(slices.Values(strings.Fields(strings.Join(lines, " "))))
}

// findLine finds an unused line that matches.
func (s *shownOutput) findLine(l line, found *printedLines) bool {
	text := squeezed(l.text)
	for _, i := range found.candidates(text, s.patternFor(text, "")) {
		if found.used[i] && s.verb() != "logs" {
			continue
		}
		// A log may repeat a line: how often depends on the time.
		if m, ok := s.match(l.text, found.texts[i], ""); ok && m.why == "" && (!found.used[i] || len(m.values) > 0) {
			s.keep(m, l)
			found.used[i] = true
			return true
		}
	}
	return false
}

// printedLines are the lines that a command prints. They are found by their words, because a comparison
// of each with each takes seconds for a thousand.
type printedLines struct {
	texts []string
	used  []bool
	// all are the numbers of the lines.
	all []int
	// whole and with are the numbers by the text of a line, and by each of its words.
	whole, with map[string][]int
}

func newPrintedLines(texts []string) *printedLines {
	p := &printedLines{texts: texts, used: make([]bool, len(texts)), whole: map[string][]int{}, with: map[string][]int{}}
	for i, text := range texts {
		p.all = append(p.all, i)
		p.whole[squeezed(text)] = append(p.whole[squeezed(text)], i)
		for _, word := range tokensOf(text) {
			p.with[word] = append(p.with[word], i)
		}
	}
	return p
}

// unused are the numbers of the lines that are not used.
func (p *printedLines) unused() (all []int) {
	for i, used := range p.used {
		if !used {
			all = append(all, i)
		}
	}
	return all
}

// candidates are the lines, used or not, that a text may match: those with the rarest word of its pattern.
func (p *printedLines) candidates(text string, of pattern) []int {
	if of.isPlain {
		return p.whole[text]
	}
	fewest := p.all
	for _, word := range of.words {
		if lines := p.with[word]; len(lines) < len(fewest) {
			fewest = lines
		}
	}
	return fewest
}

// mostAlike is in how many lines a word may stand that says which line is meant.
const mostAlike = 100

// nearest is the unused line that has most words in common, or -1. Where none has any, it is the
// first one, if any will do.
func (p *printedLines) nearest(text string, anyWill bool) int {
	unused, inCommon := p.unused(), p.inCommon(text)
	best := -1
	if anyWill && len(unused) > 0 {
		best = unused[0]
	}
	for _, i := range slices.Sorted(maps.Keys(inCommon)) {
		if best < 0 || inCommon[i] > inCommon[best] {
			best = i
		}
	}
	return best
}

// tokensOf are the words of a text, each once; of NAME=VALUE, the name is one, too.
func tokensOf(text string) []string {
	words := strings.Fields(text)
	for _, w := range words {
		if name, _, is := strings.Cut(w, "="); is {
			words = append(words, name+"=")
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// inCommon is how many words of a text an unused line has, by the number of the line.
func (p *printedLines) inCommon(text string) map[int]int {
	count := map[int]int{}
	for _, word := range tokensOf(text) {
		if lines := p.with[word]; len(lines) <= mostAlike {
			for _, i := range lines {
				if !p.used[i] {
					count[i]++
				}
			}
		}
	}
	return count
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
