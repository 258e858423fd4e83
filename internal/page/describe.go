package page

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// keyLine is a line of `kubectl describe`: a key and a value.
var keyLine = regexp.MustCompile(`^(\s*)([A-Za-z][\w /.()-]*?):(?:\s+(\S.*?))?\s*$`)

// isDescription reports whether the output is one of `kubectl describe`, or a part of it.
func (s *shownOutput) isDescription() bool {
	return s.verb() == "describe" && slices.ContainsFunc(s.lines, func(l line) bool { return keyLine.MatchString(l.text) })
}

// compareDescription compares by key: each line that the page shows is one of the cluster's;
// what the page does not show does not count.
func (s *shownOutput) compareDescription(stdout, stderr string) (all []difference) {
	found := linesOf(stdout)
	for _, l := range s.lines {
		if isElision(l.text) {
			continue
		}
		if d := s.compareKey(l, found, stdout+stderr); d != nil {
			all = append(all, *d)
		}
	}
	return all
}

func (s *shownOutput) compareKey(l line, found []string, printed string) *difference {
	key := keyLine.FindStringSubmatchIndex(l.text)
	var same, sameKey []string
	for _, f := range found {
		text, where, shown := f, "", l.text
		if key != nil {
			other := keyLine.FindStringSubmatch(f)
			if other == nil || other[2] != l.text[key[4]:key[5]] {
				continue
			}
			text, where, shown = other[3], other[2], valueOf(l.text, key)
			sameKey = append(sameKey, f)
		}
		m, ok := s.match(shown, text, where)
		if ok && m.why == "" {
			s.keep(m, l)
			return nil
		}
		if ok {
			same = append(same, m.why)
			s.keep(m, l)
		}
	}
	switch {
	case len(same) > 0:
		d := differs(l, squeezed(l.text), "", "%s", same[0])
		d.Final = true
		return &d
	case key != nil && len(sameKey) > 0:
		now := keyLine.FindStringSubmatch(sameKey[0])[3]
		d := difference{id: l.id, Difference: expect.Difference{Shown: squeezed(l.text), Found: squeezed(sameKey[0]),
			Text: l.text[key[4]:key[5]] + ": the page shows " + cmp.Or(valueOf(l.text, key), "nothing") + "; the cluster has " + cmp.Or(now, "nothing")}}
		if key[6] >= 0 {
			d = d.replaced(span{l.start + key[6], l.start + key[7]}, now)
		}
		return &d
	}
	d := s.deleted(differs(l, squeezed(l.text), "", "the cluster shows no line %s", squeezed(l.text)), l)
	if key != nil {
		d.Text = "the cluster shows no line with the key " + l.text[key[4]:key[5]]
	}
	if printed == "" {
		d.Text = "the page shows output; the command prints none"
	}
	return &d
}

func valueOf(text string, key []int) string {
	if key[6] < 0 {
		return ""
	}
	return text[key[6]:key[7]]
}
