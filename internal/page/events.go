package page

import (
	"regexp"
	"slices"
	"strings"
)

// event is a row of the events that kubectl shows, without what is a matter of chance: its age, how
// often it was seen, the node.
type event struct {
	// row are its type, reason, component or object, and message, as far as they are no chance; kind is
	// the reason in it.
	row, kind, reason string
	// container is the one that it is about, or "" where the row does not show that.
	container string
	// message is as it stands in the line, at an offset.
	message string
	at      int
}

// A page may leave out any column.
const (
	left      = `\.\.\.|…`
	eventType = `(?P<type>Normal|Warning|` + left + `)`
)

const eventAge = `(?:` + left + `|<unknown>|<invalid>|` + age + `(?:\s+\(x\d+\s+over\s+` + age + `\))?)`

// eventRows are the forms of a row: those of describe, of get, and of describe before Kubernetes 1.8.
// What the object is stands above the message, or before it since Kubernetes 1.35.
var eventRows = []*regexp.Regexp{
	regexp.MustCompile(`^\s*` + eventType + `\s+(?P<reason>\S+)\s+` + eventAge + `\s+(?P<who>[^\s,]+(?:, \S+)?)\s+(?:\S+\{(?P<container>\S+)\}: )?(?P<message>\S.*)$`),
	regexp.MustCompile(`^\s*` + eventAge + `\s+` + eventType + `\s+(?P<reason>\S+)\s+(?P<who>\S+)\s+(?P<container>)(?P<message>\S.*)$`),
	regexp.MustCompile(`^\s*` + age + `\s+` + age + `\s+\d+\s+(?P<who>\{[^}]*\}|[^\s,]+(?:, \S+)?)\s+(?:\S+\{(?P<container>\S+)\}\s+)?` + eventType + `\s+(?P<reason>\S+)\s+(?P<message>\S.*)$`),
}

// chance are parts of a row that depend on the nodes, on what they have done before, and on how a
// version of Kubernetes words it.
var chance = []struct {
	part *regexp.Regexp
	form string
}{
	{regexp.MustCompile(`^(\S+ (?:Scheduled|` + left + `) \S+) Successfully assigned (?:\S+/)?(\S+) to \S+$`), "$1 $2"},
	// Whether a node has the image, how long it pulls it and how large it is.
	{regexp.MustCompile(`^(\S+) (?:Pulling|Pulled|` + left + `) (\S+) (?:[Pp]ulling image|Successfully pulled image|Container image) ("[^"]+").*`), "$1 Pulled $2 $3"},
	{regexp.MustCompile(`^(\S+) (?:Pulling|Pulled) (\S+) (` + left + `)$`), "$1 Pulled $2 $3"},
	{regexp.MustCompile(`^(\S+ (?:Created|Started|` + left + `) \S+) (?:(?:Created|Started) container\b.*|Container (?:created|started)|` + left + `)$`), "$1"},
	{regexp.MustCompile(`(Scaled (?:up|down) replica set \S+) from \d+ to`), "$1 to"},
	// What a container runtime says to an image, and for which Pod the kubelet waits.
	{regexp.MustCompile(`((?:Back-off pulling|Failed to pull) image "[^"]+"|Back-off restarting failed container).*`), "$1"},
	// How many nodes there are.
	{regexp.MustCompile(`\b\d+(?:/\d+)? (nodes? |node\(s\)|Insufficient|Preemption|No preemption)`), "N $1"},
}

// containerInMessage is the container that a message names.
var containerInMessage = regexp.MustCompile(`^(?:Created|Started) container:? ([a-z0-9-]+)$|failed container ([a-z0-9-]+) in pod`)

// eventOf reads a row of events.
func eventOf(l string) (e event, ok bool) {
	for _, form := range eventRows {
		m := form.FindStringSubmatchIndex(l)
		if m == nil {
			continue
		}
		group := func(name string) string {
			if i := 2 * form.SubexpIndex(name); m[i] >= 0 {
				return l[m[i]:m[i+1]]
			}
			return ""
		}
		e = event{reason: group("reason"), container: group("container"), message: strings.TrimSpace(group("message")), at: m[2*form.SubexpIndex("message")]}
		if named := containerInMessage.FindStringSubmatch(e.message); named != nil {
			e.container = named[1] + named[2] // one of them is empty
		}
		e.row = squeezed(strings.Join([]string{group("type"), e.reason, component(group("who")), e.message}, " "))
		for _, c := range chance {
			e.row = c.part.ReplaceAllString(e.row, c.form)
		}
		e.kind = strings.Fields(e.row)[1]
		return e, true
	}
	return e, false
}

// component is what reports an event, without its node: "kubelet, node-1" or "{kubelet node-1}".
func component(who string) string {
	first, _, _ := strings.Cut(strings.Trim(who, "{} "), " ")
	return strings.TrimSuffix(first, ",")
}

// isEvents reports whether the output has events, and nothing else.
func (s *shownOutput) isEvents() bool {
	found := false
	for _, l := range s.lines {
		_, ok := eventOf(l.text)
		if ok = ok || eventColumns.MatchString(l.text); !ok && !noEvent.MatchString(l.text) && !isElision(l.text) {
			return false
		}
		found = found || ok
	}
	return found
}

var (
	// eventColumns are the headers of events, noEvent is another line that says nothing about them.
	eventColumns = regexp.MustCompile(`^\s*(?:Type\s+Reason|FirstSeen|LAST SEEN|LASTSEEN)\s`)
	noEvent      = regexp.MustCompile(`^\s*(?:Events:.*|No events\.|[-\s]+)$`)
)

// compareEvents compares the lines of events, and returns the other ones. An event that the page shows
// is one of the cluster's: how many more there are, in which order, and how often, is chance.
func (s *shownOutput) compareEvents(stdout string) (others []line, all []difference) {
	var found []event
	header := ""
	for _, l := range linesOf(stdout) {
		if e, ok := eventOf(l); ok {
			found = append(found, e)
		} else if eventColumns.MatchString(l) {
			header = squeezed(l)
		}
	}
	used := make([]bool, len(found))
	for _, l := range s.lines {
		e, ok := eventOf(l.text)
		switch {
		case ok:
			all = append(all, s.compareEvent(l, e, found, used)...)
		case eventColumns.MatchString(l.text):
			if _, same := s.match(squeezed(l.text), header, ""); header != "" && !same {
				all = append(all, differenceOf(l, header, "the cluster shows events in other columns"))
			}
		case !noEvent.MatchString(l.text):
			others = append(others, l)
		}
	}
	return others, all
}

// compareEvent finds the event of a row, if possible one that no row before stands for.
func (s *shownOutput) compareEvent(l line, e event, found []event, used []bool) []difference {
	var why string
	for _, again := range []bool{false, true} {
		for i, f := range found {
			if used[i] != again || e.container != "" && f.container != "" && e.container != f.container {
				continue
			}
			m, ok := s.match(e.row, f.row, "")
			if ok && m.why == "" {
				s.keep(m, l)
				used[i] = true
				return nil
			}
			if ok {
				why = m.why
			}
		}
	}
	i := slices.IndexFunc(found, func(f event) bool { return f.kind == e.kind })
	if i < 0 {
		return []difference{s.deleted(differenceOf(l, "", "the cluster shows no event with the reason %s", e.reason), l)}
	}
	d := differenceOf(l, found[i].message, "the cluster shows another event with the reason %s", e.reason)
	if why != "" {
		d.Text = why
	}
	at := l.start + e.at
	return []difference{d.replaced(span{at, at + len(e.message)}, s.rewrittenLine(e.message, found[i].message))}
}
