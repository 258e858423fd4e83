package page

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// keyLine is a line of `kubectl describe`: a key and a value.
var keyLine = regexp.MustCompile(`^(\s*)([A-Za-z][\w /.()-]*?):(?:\s+(\S.*?))?\s*$`)

// isDescription reports whether the output is one of `kubectl describe`, a part of it, or events.
func (s *shownOutput) isDescription() bool {
	return s.isEvents() || s.verb() == "describe" && slices.ContainsFunc(s.lines, func(l line) bool { return keyLine.MatchString(l.text) })
}

// compareDescription compares by key: each line that the page shows is one of the cluster's;
// what the page does not show does not count.
func (s *shownOutput) compareDescription(stdout, stderr string) (all []difference) {
	others, all := s.compareEvents(s.printed)
	found := keyedLines(linesOf(stdout))
	for _, l := range others {
		if isElision(l.text) {
			continue
		}
		if d := s.compareKey(l, found, stdout+stderr); d != nil {
			all = append(all, *d)
		}
	}
	return all
}

// keyed is a line, and the key and the value that it has.
type keyed struct {
	text, key, value string
	// at is where the value stands, or -1.
	at int
}

// keyedLines are the lines of a description. Those of a list under one key, such as labels, have that
// key, too, in any order, and an entry of such a list may have a key of its own.
func keyedLines(lines []string) (found []keyed) {
	list := keyed{at: -1}
	for _, l := range lines {
		k := keyedLine(l)
		found = append(found, k)
		if list.at > 0 && indentOf(l) == list.at {
			found = append(found, keyed{text: list.text, key: list.key, value: strings.TrimSpace(l), at: list.at})
			continue
		}
		if list = k; k.at >= 0 {
			if entry := keyedLine(k.value); entry.key != "" {
				found = append(found, entry)
			}
		}
	}
	return found
}

func keyedLine(l string) keyed {
	m := keyLine.FindStringSubmatchIndex(l)
	switch {
	case m == nil:
		return keyed{text: l, value: l, at: -1}
	case m[6] < 0:
		return keyed{text: l, key: l[m[4]:m[5]], at: -1}
	}
	return keyed{l, l[m[4]:m[5]], l[m[6]:m[7]], m[6]}
}

// ownSelector is what a run adds to Pods, so that they are on nodes that run their images.
const ownSelector = "kubernetes.io/os=linux"

// isSameVolume reports whether two keys are names that a controller has given, as to the volume of a token.
func (s *shownOutput) isSameVolume(shown, found string) bool {
	m, ok := s.match(shown, found, "")
	return ok && m.why == ""
}

// compareKey compares a line with those of the same key. One without a key may be any.
func (s *shownOutput) compareKey(l line, found []keyed, printed string) *difference {
	shown := keyedLine(l.text)
	why := ""
	for _, f := range found {
		if shown.key != "" && f.key != shown.key && !s.isSameVolume(shown.key, f.key) {
			continue
		}
		m, ok := s.match(shown.value, f.value, shown.key)
		if shown.key == "Node-Selectors" && shown.value == "<none>" && f.value == ownSelector {
			return nil
		}
		if !ok && shown.key == "" {
			m, ok = s.match(shown.value, f.text, "")
		}
		if !ok {
			continue
		}
		if s.keep(m, l); m.why == "" {
			return nil
		}
		why = cmp.Or(why, m.why)
	}
	i := slices.IndexFunc(found, func(f keyed) bool { return f.key == shown.key })
	d := differenceOf(l, "", "%s", why)
	switch {
	case why != "":
		d.Final = true
		return &d
	case shown.key != "" && i >= 0:
		d.Found = squeezed(found[i].text)
		d.Text = shown.key + ": the page shows " + cmp.Or(shown.value, "nothing") + "; the cluster has " + cmp.Or(found[i].value, "nothing")
		if shown.at >= 0 {
			d = d.replaced(span{l.start + shown.at, l.start + shown.at + len(shown.value)}, s.rewrittenLine(shown.value, found[i].value))
		}
		return &d
	case printed == "":
		d.Text = "the page shows output; the command prints none"
	case shown.key != "":
		d.Text = "the cluster shows no line with the key " + shown.key
	default:
		d.Text = "the cluster shows no line " + squeezed(l.text)
	}
	d = s.deleted(d, l)
	return &d
}
