package page

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// rule is a kind of value that is another one on every cluster, or at every time: what a page
// shows of it stands for what the cluster has.
type rule struct {
	name string
	// shown is how such a value looks on a page, found how it looks on a cluster, if otherwise.
	shown, found string
	// in are the columns, keys and fields in which the whole value is of this kind; none
	// means anywhere.
	in []string
	// stable: where the page shows the same value again, the cluster has the same one.
	stable bool
	// objection says in a sentence why what was found cannot stand for what is shown, or "".
	objection func(shown, found string) string
	// valid is what a value must be besides; nil means that how it looks is enough.
	valid func(string) bool

	is, at *regexp.Regexp
}

const (
	// safe are the characters of the suffixes that Kubernetes generates (k8s.io/apimachinery/pkg/util/rand,
	// SafeEncodeString).
	safe = `[bcdfghjklmnpqrstvwxz2456789]`
	hash = `(?:[0-9]{6,10}|` + safe + `{6,10})`
	// ofPod ends the name of a Pod of a ReplicaSet. Behind a hash in digits, as it was before Kubernetes 1.9, stand all letters.
	ofPod  = `(?:[0-9]{6,10}-[0-9a-z]{5}|` + hash + `-` + suffix + `)`
	suffix = `(?:` + safe + `{5}|[0-9a-z]{0,4}[0-9][0-9a-z]{0,4})`
	// old is a suffix as Kubernetes before 1.7 generated them, with all letters and digits: one with a
	// digit, since another is most often a word.
	old     = `[0-9][0-9a-z]{4}|[0-9a-z][0-9][0-9a-z]{3}|[0-9a-z]{2}[0-9][0-9a-z]{2}|[0-9a-z]{3}[0-9][0-9a-z]|[0-9a-z]{4}[0-9]`
	ipv4    = `(?:\d{1,3}\.){3}\d{1,3}`
	ipv6    = `(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}`
	address = ipv4 + "|" + ipv6
	age     = `(?:\d+(?:y|d|h|m|s|ms))+`
)

// nodeRule is the rule for the names in a list of nodes, by which the page calls them from there on.
const nodeRule = "node"

// anything: no value of the column, the key or the field means more than that it is there.
const anything = `.+`

// rules are all there are, each before those that would take its values for something else. They
// are compiled when they are used first: only verify does.
var rules = sync.OnceValue(func() []*rule {
	return compiled([]*rule{
		{name: "age", in: []string{"age", "last seen", "first seen", "duration", "start time", "started", "finished", "created", "creation timestamp", "creationtimestamp", "starttime", "startedat", "finishedat", "lasttransitiontime", "lastprobetime", "date", "since"},
			shown: `.*[0-9].*|<unknown>|<invalid>`, found: `.+`},
		{name: "node name", in: []string{"node", "nodename", "host"}, shown: `[a-z0-9][^\s"{}:]*`, found: `[a-z0-9]\S*`},
		{name: nodeRule, in: []string{"nodes"}, shown: `[a-z0-9]\S*`, stable: true},
		{name: "role", in: []string{"roles"}, shown: anything},
		{name: "version", in: []string{"kernel-version", "os-image", "container-runtime", "kernel version", "os image", "container runtime version"},
			shown: anything},
		{name: "process", in: []string{"pid", "ppid", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start", "time"}, shown: `[^1\s]\S*|1\S+`, found: `\S+`},
		{name: "UID", in: []string{"uid", "resourceversion", "resource version", "container id", "containerid", "image id", "imageid", "machine id", "system uuid", "boot id"}, shown: `.*[0-9].*`, found: `.+`},
		{name: "UID", shown: `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`, stable: true},
		{name: "digest", shown: `sha256:[0-9a-f]{7,64}(?:\.\.\.)?`, found: `sha256:[0-9a-f]{64}`},
		{name: "date", shown: `\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)?`},
		{name: "date", shown: `[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}`},
		{name: "date", shown: `[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d (?:[AP]M )?[A-Z]{3,4} \d{4}`},
		{name: "date", shown: `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} +(?:\d\d:\d\d|\d{4})`}, // of ls -l
		{name: "date", shown: `\.\.\d{4}(?:_\d\d){5}\.\d+`},                                                        // the folder of a projected volume
		{name: "age", shown: age + `(?: \(x\d+ over ` + age + `\))? ago`},
		{name: "version", shown: `v1\.\d+\.\d+(?:[-+][\w.+-]+)?`},
		{name: "IP address", in: []string{"from", "origin", "client", "client_address", "client_ip", "clientip", "remote_addr", "remoteaddr", "remoteaddress", "source_ip"},
			shown: ipv4, found: address, stable: true, objection: sourceDiffers, valid: isAddress},
		{name: "IP address", shown: address, stable: true, objection: addressDiffers, valid: isAddress},
		{name: "name", shown: `[a-z0-9][a-z0-9.-]*?-` + ofPod, found: `[a-z0-9][a-z0-9.-]*`, stable: true, objection: nameDiffers},
		{name: "name", shown: `[a-z0-9][a-z0-9.-]*?-(?:[0-9]{8,10}|` + safe + `{8,10}|` + safe + `{5}|` + old + `)`, found: `[a-z0-9][a-z0-9.-]*`, stable: true, objection: nameDiffers},
		{name: "name", in: []string{"generatename"}, shown: `[a-z0-9][a-z0-9.-]*-` + hash + `-`},
		{name: "label of a hash", shown: `pod-template-hash=[0-9a-z]+`},
		{name: "label of a hash", in: []string{"pod-template-hash"}, shown: `[0-9a-z]+`},
		{name: "node port", in: []string{"nodeport", "healthchecknodeport"}, shown: `3[0-2]\d{3}`},
		{name: "node port", shown: `3[0-2]\d{3}/(?:TCP|UDP|SCTP)|nodePort: 3[0-2]\d{3}`},
		{name: "namespace", shown: `default`, found: `[a-z0-9-]+`},
	})
})

func compiled(all []*rule) []*rule {
	for _, r := range all {
		r.found = cmp.Or(r.found, r.shown)
		r.is = regexp.MustCompile(`^(?:` + r.shown + `)$`)
		r.at = regexp.MustCompile(`^(?:` + r.shown + `)`)
	}
	return all
}

// special are values that look like one of a kind and are not.
var special = []string{"<none>", "<nil>", "<pending>"}

// ruleFor is the rule for a whole value in a column, a key or a field.
func ruleFor(value, where string) *rule {
	for _, r := range rules() {
		if slices.Contains(r.in, strings.ToLower(where)) && r.is.MatchString(value) && (r.shown == anything || !slices.Contains(special, value)) {
			return r
		}
	}
	return nil
}

// ruleAt is the rule for the value that a text begins with, and that value.
func ruleAt(text string) (*rule, string) {
	for _, r := range rules() {
		if len(r.in) > 0 {
			continue
		}
		value := r.at.FindString(text)
		end := len(value)
		switch {
		case end == 0:
		case end < len(text) && inName(text, end) && inName(text, end-1): // it is part of a longer word
		case r.valid != nil && !r.valid(value): // it only looks like one
		default:
			return r, value
		}
	}
	return nil, ""
}

// valueAt is the value that begins at an index of a text, and its rule; nil inside of a word.
func valueAt(text string, i int) (*rule, string) {
	if inName(text, i-1) && inName(text, i) {
		return nil, ""
	}
	return ruleAt(text[i:])
}

// bindings are what the cluster has for values of the page.
type bindings struct {
	// found is, by the value that the page shows, what the cluster has.
	found map[string]string
	// renamed are values that the cluster has otherwise, which is no matter of chance: a
	// change of the page writes them as the cluster does.
	renamed map[string]string
	// namespace is that of the run, which stands for default.
	namespace string
	// patterns are those of the page, by text and by where it stands.
	patterns map[[2]string]pattern
	// values are all that was bound, each with the line that shows it.
	values []boundValue
}

// boundValue is a value of the page, and what the cluster has for it.
type boundValue struct {
	rule         *rule
	shown, found string
	line         line
	// renamed: the cluster has it otherwise, and not by chance.
	renamed bool
}

// matched is what a comparison of two texts has bound.
type matched struct {
	values []boundValue
	// why is a sentence on a value that cannot stand for the other, or "".
	why string
}

// match compares a text of the page with one of the cluster. It reports false where the texts
// differ otherwise than in values that are bound. The items of a list of such values, as of endpoints,
// may have any order.
func (b *bindings) match(shown, found, where string) (m matched, ok bool) {
	if where == "RESTARTS" { // kubectl says when the last one was, if there was one
		shown, found = lastRestart.ReplaceAllString(shown, ""), lastRestart.ReplaceAllString(found, "")
	}
	if shown == found {
		return m, true
	}
	m, ok = b.matchText(shown, found, where)
	switch {
	case !ok:
		return b.matchLists(shown, found)
	case m.why == "":
		return m, true
	}
	if items, same := b.matchItems(strings.Split(shown, ","), strings.Split(found, ","), where); same {
		return items, true
	}
	return m, true
}

var lastRestart = regexp.MustCompile(`\s*\([^)]* ago\)$`)

// matchItems pairs the items of two lists.
func (b *bindings) matchItems(shown, found []string, where string) (all matched, ok bool) {
	if len(shown) != len(found) {
		return matched{}, false
	}
	for _, item := range shown {
		i := slices.IndexFunc(found, func(other string) bool {
			m, same := b.matchText(item, other, where)
			if same = same && m.why == ""; same {
				all.values = append(all.values, m.values...)
			}
			return same
		})
		if i < 0 {
			return matched{}, false
		}
		found = slices.Delete(found, i, i+1)
	}
	return all, true
}

// matchText compares two texts in the order that they have.
func (b *bindings) matchText(shown, found, where string) (m matched, ok bool) {
	shown, found = squeezed(shown), squeezed(found)
	if shown == found || shown == "<none>" && found == "" {
		return m, true
	}
	p := b.patternFor(shown, where)
	if p.isPlain {
		return m, false
	}
	values := p.FindStringSubmatch(found)
	if values == nil {
		return m, false
	}
	for i, part := range p.parts {
		value := values[i+1]
		switch {
		case part.rule == nil || part.text == value:
			continue
		case part.rule.name == "namespace" && value != b.namespace:
			return m, false // it is that of something else
		case part.rule.stable && b.found[part.text] != "" && b.found[part.text] != value:
			m.why = fmt.Sprintf("the page shows the %s %s, which is %s on the cluster; here the cluster has %s", part.rule.name, part.text, b.found[part.text], value)
			return m, true
		}
		v := boundValue{rule: part.rule, shown: part.text, found: value}
		if isKnown := b.found[part.text] != "" && part.rule.name == "IP address"; part.rule.objection != nil && !isKnown {
			if why := part.rule.objection(part.text, value); why != "" {
				m.why, v.renamed = why, true
			}
		}
		m.values = append(m.values, v)
	}
	return m, true
}

// patternFor is the pattern of a text, which is made once.
func (b *bindings) patternFor(shown, where string) pattern {
	key := [2]string{shown, where}
	p, known := b.patterns[key]
	if !known {
		p = patternOf(shown, where)
		b.patterns[key] = p
	}
	return p
}

// keep keeps what a comparison of a line has bound.
func (b *bindings) keep(m matched, l line) {
	for _, v := range m.values {
		v.line = l
		b.values = append(b.values, v)
		if v.rule.stable {
			b.found[v.shown] = v.found
		}
		if v.renamed {
			b.renamed[v.shown] = v.found
		}
	}
}

// part is a value in a text of the page.
type part struct {
	rule *rule
	text string
}

// pattern is what a cluster may have for a text of the page, with the values in it.
type pattern struct {
	*regexp.Regexp
	parts []part
	// words are those of the text that have no value in them.
	words []string
	// isPlain: it is the text itself, and has no Regexp.
	isPlain bool
}

func patternOf(shown, where string) pattern {
	if r := ruleFor(shown, where); r != nil {
		return pattern{Regexp: regexp.MustCompile(`^(` + r.found + `)$`), parts: []part{{r, shown}}}
	}
	const value = "\x00" // in place of one: no page has such a character
	var parts []part
	var text, literal strings.Builder
	text.WriteByte('^')
	isPlain := !strings.Contains(shown, "...") && !strings.Contains(shown, "…") && shown != "<none>"
	for i := 0; i < len(shown); {
		if rest := shown[i:]; strings.HasPrefix(rest, "...") || strings.HasPrefix(rest, "…") {
			text.WriteString(".*")
			literal.WriteString(value)
			i += len("...")
			continue
		}
		if r, bound := valueAt(shown, i); r != nil {
			parts = append(parts, part{r, bound})
			text.WriteString(`(` + r.found + `)`)
			literal.WriteString(value)
			i += len(bound)
			continue
		}
		size := 1
		for i+size < len(shown) && shown[i+size]&0xC0 == 0x80 {
			size++ // the rest of a character
		}
		text.WriteString(regexp.QuoteMeta(shown[i : i+size]))
		literal.WriteString(shown[i : i+size])
		i += size
	}
	words := slices.DeleteFunc(strings.Fields(literal.String()), func(w string) bool { return strings.Contains(w, value) })
	if isPlain && len(parts) == 0 {
		return pattern{isPlain: true, words: words}
	}
	text.WriteByte('$')
	re, err := regexp.Compile(text.String())
	if err != nil { // it is too long
		return pattern{Regexp: regexp.MustCompile("^" + regexp.QuoteMeta(shown[:min(len(shown), 100)]) + "$")}
	}
	return pattern{Regexp: re, parts: parts, words: words}
}

// nameDiffers says why a name on the cluster is not the one that a page shows with another
// suffix.
func nameDiffers(shown, found string) string {
	base := strings.TrimRight(generated.ReplaceAllString(shown, ""), "-")
	switch {
	case generatedNow.ReplaceAllString(found, "") == baseName(shown) && generatedNow.MatchString(found):
		return ""
	case found == base || found == baseName(shown):
		return fmt.Sprintf("the page shows the name %s, with a suffix that a controller generates; the cluster has %s, without one", shown, found)
	}
	return fmt.Sprintf("the page shows the name %s; the cluster has %s", shown, found)
}

// generated are the suffixes of a name that a controller generates.
var generated = regexp.MustCompile(`-` + ofPod + `$|-` + suffix + `$|-` + hash + `$`)

// generatedNow are those that a cluster of today generates.
var generatedNow = regexp.MustCompile(`(?:-` + hash + `)?-` + safe + `{5}$|-` + hash + `$`)

func baseName(name string) string { return generated.ReplaceAllString(name, "") }

// addressDiffers says why an address on the cluster is of another kind than the one that a
// page shows.
func addressDiffers(shown, found string) string {
	a, err := netip.ParseAddr(shown)
	b, errB := netip.ParseAddr(found)
	if err != nil || errB != nil || a.IsLoopback() != b.IsLoopback() || a.IsUnspecified() != b.IsUnspecified() {
		return fmt.Sprintf("the page shows the address %s; the cluster has %s", shown, found)
	}
	return ""
}

// sourceDiffers says why the address that a request came from is of another kind: the first one
// of a network is that of a node or a gateway, which has source-NATed the request. Elsewhere,
// as in the address of a service, the last byte means nothing.
func sourceDiffers(shown, found string) string {
	if why := addressDiffers(shown, found); why != "" || !isFirst(shown) || isFirst(found) {
		return why
	}
	return fmt.Sprintf("the page shows %s, the first address of its network, which is that of a node or a gateway; the cluster has %s, which is none", shown, found)
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// isFirst reports whether an address is the first one of a network, as those of gateways are.
func isFirst(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.Is4() && !a.IsLoopback() && a.As4()[3] == 1
}
