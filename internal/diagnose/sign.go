package diagnose

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// sign is one thing that the cluster has said.
type sign struct {
	at place
	// reason is the cluster's word for it, in CamelCase, or ""; message is the
	// sentence that goes with it.
	reason, message string
	since           time.Time
	// times is how often the cluster has reported it.
	times int
	// about are the names that a row's texts may use: container, pod, image, …
	about map[string]string
}

// place is where a sign is found.
type place string

const (
	// whole is a Pod that has ended (status.phase, status.reason), or is going
	// to (its condition DisruptionTarget).
	whole place = "pod"
	// scheduling is the condition PodScheduled.
	scheduling place = "scheduling"
	// node is the condition Ready of the Pod's Node.
	node place = "node"
	// alone is the same condition of a Node, whatever Pods are on it.
	alone place = "alone"
	// pull is a container that waits for its image.
	pull place = "pull"
	// pulling is a container whose image is being pulled.
	pulling place = "pulling"
	// waiting is a container that waits for anything else.
	waiting place = "waiting"
	// crashed is a container that has ended for good, or again and again;
	// restarting is one that has ended and is about to be started again.
	crashed    place = "crashed"
	restarting place = "restarting"
	// starting is a Warning about a Pod of which no container has run yet; running
	// and stopped are Warnings about a container that runs, or does not.
	starting place = "starting"
	running  place = "running"
	stopped  place = "stopped"
	// path is a program in one Pod that got no answer from another Pod.
	path place = "path"
	// api is an error of a request, or of what it takes to make one.
	api place = "api"
)

// row is a row of the table: a sign, and what it means. Its texts may use the
// names that the sign is about, and the named groups of message, as $name.
type row struct {
	at              place
	reason, message string // regular expressions; an empty one matches all
	what, remedy    string
	outlook         Outlook
	// settle is how long an Unsettled cause may last until no help is to be expected.
	settle         time.Duration
	workload, lost bool
	harmless       bool
}

// table is THE table. The first row that matches a sign wins, so what is shown
// first is the more exact. It is compiled when it is used first: most commands end without.
var table = sync.OnceValue(func() []compiled {
	return compile(pulls, ends, containers, pods, paths, admission, execs, requests)
})

type compiled struct {
	row
	reason, message *regexp.Regexp
}

func compile(parts ...[]row) []compiled {
	var out []compiled
	for _, rows := range parts {
		for _, r := range rows {
			out = append(out, compiled{r, regexp.MustCompile(`^(?:` + r.reason + `)`), regexp.MustCompile(`(?s)` + r.message)})
		}
	}
	return out
}

// look finds the first row of the table that one of the signs matches.
func look(signs []sign) *Cause {
	for _, r := range table() {
		for _, s := range signs {
			if c := r.match(s); c != nil {
				return c
			}
		}
	}
	return nil
}

func (r compiled) match(s sign) *Cause {
	if r.at != s.at || !r.reason.MatchString(s.reason) {
		return nil
	}
	groups := r.message.FindStringSubmatch(s.message)
	if groups == nil {
		return nil
	}
	names := maps.Clone(s.about)
	for i, name := range r.message.SubexpNames() {
		if name != "" {
			names[name] = strings.Join(strings.Fields(groups[i]), " ")
		}
	}
	fill := func(text string) string { return os.Expand(text, func(name string) string { return names[name] }) }
	c := &Cause{
		What: fill(r.what), Why: s.words(), Remedy: fill(r.remedy), Outlook: r.outlook, Confirmed: s.times > 1, Settle: r.settle, Workload: r.workload, Harmless: r.harmless, Lost: r.lost,
		Container: s.about["container"], Image: r.at == pull, Since: s.since,
	}
	if r.at == node || r.at == alone {
		c.Node = s.about["node"]
	}
	return c
}

// words are the cluster's own.
func (s sign) words() string {
	switch {
	case s.message == "":
		return s.reason
	case s.reason == "" || s.at == api || strings.Contains(s.message, s.reason):
		return s.message
	default:
		return fmt.Sprintf("%s: %s", s.reason, s.message)
	}
}
