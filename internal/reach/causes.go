package reach

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// causeRow is a pattern of rows, and what it means. Its texts may use the names that find
// gives, as $name, and those that all have (see names).
type causeRow struct {
	find              func(*explanation) []match
	what, why, remedy string
	warning           bool
}

// match is one occurrence of a pattern.
type match struct {
	rows  []int // that it explains
	names map[string]string
}

// causeTable is THE table of what rows that are not as expected mean. Each row of it is
// looked for one after the other; most look only at what none before has explained.
var causeTable = []causeRow{
	{
		find: unready(false),
		what: "$what", why: "$why", remedy: "$remedy",
	},
	{
		find: notProbed(false),
		what: "$what", why: "$why", remedy: "$remedy",
	},
	{
		find: (*explanation).wrongAnswers,
		what: "another program answers at $address", why: "$who",
		remedy: remedyWrong,
	},
	{
		find: (*explanation).loopbackOnly,
		what: "the service listens on loopback only$orIPv4", why: "localhost answers ($callers); $addresses: $refusal",
		remedy: "make the service listen on all addresses (0.0.0.0:$port or [::]:$port), not on 127.0.0.1 or localhost",
	},
	{
		find: perFamily((*explanation).notOnLoopback),
		what: "the service listens on the pod's address only, not on $loopback", why: "$address answers, $loopback does not",
		remedy: "if sidecars or port-forward need localhost, make the service listen on all addresses (0.0.0.0:$port or [::]:$port)",
	},
	{
		find: perFamily((*explanation).otherFamilyOnly),
		what: "the service listens on $other only$orLoopback", why: "$answering answers; $address: $refusal; $loopbackPort: $loopbackFound",
		remedy: "make the service listen on all addresses of both families ([::]:$port), or use an image that does",
	},
	{
		find: perFamily((*explanation).nothingListens),
		what: "nothing listens on port $port of the pod", why: "$address: $refusal; localhost refuses connections too$started$declared",
		remedy: "set --port to the TCP port of the service, or read its log: $log",
	},
	{
		find: perFamily((*explanation).refusing),
		what: "nothing listens on $address", why: "$refusal; localhost could not be checked$started$declared",
		remedy: "check the port (--port), and that the service listens on all addresses, not on localhost",
	},
	{
		find: perFamily((*explanation).betweenNodes),
		what: "only traffic between nodes fails: from $from to $node", why: "$silence",
		remedy: "check the network plugin and the routes or firewall between $from and $node; `kubectl kbe reach --nodes` shows all pairs",
	},
	{
		find: perFamily((*explanation).inTheWay),
		what: "something on the path $verb the packets", why: "$silence; $policies",
		remedy: "allow the traffic in the NetworkPolicies; if there is none, check the nodes' firewalls and the network plugin",
	},
	{
		find: (*explanation).flaky,
		what: "some connections to $address fail", why: "$caller: $failed of $samples failed, the last with: $error",
		remedy: remedyFlaky,
	},
	{
		find: (*explanation).rest,
		what: "$caller cannot reach $address", why: "$found",
		remedy: "read the pod's log: $log",
	},
	{
		find: unready(true), warning: true,
		what: "$what", why: "$why; until that ends, services send no traffic to the pod", remedy: "$remedy",
	},
	{
		find: notProbed(true), warning: true,
		what: "$what", why: "$why", remedy: "$remedy",
	},
	{
		find: translated(true), warning: true,
		what: "a proxy in the pod answers for its service, as those of service meshes do", why: "$caller has the address $own, but the service sees $seen",
		remedy: remedyProxy,
	},
	{
		find: translated(false), warning: true,
		what: "something translates addresses between pods (SNAT)", why: "$caller has the address $own, but was source-NATed to $seen",
		remedy: remedySNAT,
	},
}

// explainTable finds the causes of what is not as expected. Each failed row belongs to
// at least one of them.
func explainTable(t *Table) (causes []v1alpha1.ReachCause) {
	e := newExplanation(t)
	for _, row := range causeTable {
		for _, m := range row.find(e) {
			fill := func(text string) string { return os.Expand(text, func(name string) string { return e.name(m, name) }) }
			causes = addCause(causes, v1alpha1.ReachCause{What: fill(row.what), Why: fill(row.why), Remedy: fill(row.remedy), Warning: row.warning})
			for _, i := range m.rows {
				e.explained[i] = true
			}
		}
	}
	return causes
}

// excuseAPIServer: an API server that is not part of the pod network is no fault, where all
// others reach the target.
func (t *Table) excuseAPIServer() {
	e := newExplanation(t)
	for _, i := range e.rows(func(row Row) bool { return row.From == APIServer && e.failed(row) && (e.silent(row) || e.refused(row)) }) {
		row := &t.Rows[i]
		of := e.family(FamilyOf(row.Address.Addr()))
		if others := e.failing(of.podIP); len(of.outside) > 1 && len(others) == 1 {
			row.Cause = diagnose.OutsideOfPodNetwork(row.Address.String(), row.Result.Err)
			row.Skipped = row.Cause.Error()
		}
	}
}

// excuseSilence: a service that waits for its client to speak answers nothing, and through the API
// server nothing but an answer shows that a connection stands.
func (t *Table) excuseSilence() {
	e := newExplanation(t)
	waits := e.any(e.rows(e.reached), func(row Row) bool { return e.Found(row) == probe.Timeout })
	for _, i := range e.rows(func(row Row) bool { return e.failed(row) && e.Found(row) == probe.Timeout }) {
		if row := &t.Rows[i]; waits && (row.From == APIServer || row.From == PortForward) {
			row.Skipped = "cannot check: the service accepts connections and does not answer, and from here only an answer shows a connection"
		}
	}
}

// addCause adds a cause: what is so of several addresses or callers is one.
func addCause(causes []v1alpha1.ReachCause, c v1alpha1.ReachCause) []v1alpha1.ReachCause {
	i := slices.IndexFunc(causes, func(other v1alpha1.ReachCause) bool { return other.What == c.What && other.Remedy == c.Remedy })
	if i < 0 {
		return append(causes, c)
	}
	causes[i].Why += "; " + c.Why
	return causes
}

// explanation is the work of explainTable.
type explanation struct {
	*Table
	explained []bool
}

func newExplanation(t *Table) *explanation {
	return &explanation{Table: t, explained: make([]bool, len(t.Rows))}
}

// name is what stands for $name in the texts of a cause.
func (e *explanation) name(m match, name string) string {
	switch name {
	case "port":
		return strconv.Itoa(int(e.Target.Port))
	case "node":
		return e.Target.Node
	case "started":
		return e.started()
	case "declared":
		if e.Target.Declared == "" {
			return ""
		}
		return "; the pod declares " + e.Target.Declared
	case "log":
		return fmt.Sprintf("kubectl logs %s -n %s", e.Target.Name, e.Target.Namespace)
	default:
		return m.names[name]
	}
}

// started says since when the container runs, where that may be why nothing listens yet.
func (e *explanation) started() string {
	age := time.Since(e.Target.Started)
	if age < 0 || age > time.Minute {
		return ""
	}
	text := fmt.Sprintf("; container %s started %d s ago", e.Target.Container, int(age.Seconds()))
	switch e.Target.Restarts {
	case 0:
		return text
	case 1:
		return text + ", after 1 restart"
	default:
		return fmt.Sprintf("%s, after %d restarts", text, e.Target.Restarts)
	}
}

// rows returns the indexes of the rows that were probed and that keep is true of.
func (e *explanation) rows(keep func(Row) bool) []int {
	var out []int
	for i, r := range e.Rows {
		if r.Skipped == "" && keep(r) {
			out = append(out, i)
		}
	}
	return out
}

func (e *explanation) all(rows []int, is func(Row) bool) bool {
	return !slices.ContainsFunc(rows, func(i int) bool { return !is(e.Rows[i]) })
}

func (e *explanation) any(rows []int, is func(Row) bool) bool {
	return slices.ContainsFunc(rows, func(i int) bool { return is(e.Rows[i]) })
}

func (e *explanation) failed(r Row) bool { return e.Outcome(r) == v1alpha1.VantageFailed }

func (e *explanation) refused(r Row) bool { return e.Found(r) == probe.Refused }

// silent: no connection stood, and nothing refused one.
func (e *explanation) silent(r Row) bool {
	f := e.Found(r)
	return !r.Result.Connected && (f == probe.Timeout || f == probe.Unreachable)
}

func (e *explanation) failing(rows []int) []int {
	return slices.DeleteFunc(slices.Clone(rows), func(i int) bool { return !e.failed(e.Rows[i]) })
}

// callers names what probed in the rows that is is true of.
func (e *explanation) callers(rows []int, is func(Row) bool) string {
	var names []string
	for _, i := range rows {
		if r := e.Rows[i]; is(r) && !slices.Contains(names, r.Caller) {
			names = append(names, r.Caller)
		}
	}
	return strings.Join(names, ", ")
}

// refusal says which vantage points an address refuses, of those that probed it.
func (e *explanation) refusal(rows []int) string {
	switch {
	case !e.all(rows, e.refused):
		return "refused by the pod itself, to " + e.callers(rows, e.refused)
	case e.any(rows, func(r Row) bool { return r.From.inside() }):
		return "refused from everywhere, even from the pod's own containers"
	default:
		return "refused from every place that was probed"
	}
}

// ofFamily are the rows of one address family.
type ofFamily struct {
	Family
	// inside and outside probe the Pod's address and expect an answer, from within its
	// network namespace and from elsewhere; podIP are both; loopback probe localhost.
	inside, outside, podIP, loopback []int
	// open are those of podIP that always fail and that no cause explains; those that fail at times
	// have a cause of their own.
	open []int
	// refused are those of podIP that the Pod itself refuses, where it answers none; those from
	// elsewhere may get no answer at all, which has another cause.
	refused []int
}

func (e *explanation) family(f Family) ofFamily {
	toPodIP := func(r Row) bool { return r.To == PodIP && r.of(f) && r.Expected == Reached }
	rows := ofFamily{
		Family:   f,
		inside:   e.rows(func(r Row) bool { return r.From.inside() && toPodIP(r) }),
		outside:  e.rows(func(r Row) bool { return !r.From.inside() && toPodIP(r) }),
		loopback: e.rows(func(r Row) bool { return r.To == Localhost && r.of(f) }),
	}
	rows.podIP = slices.Concat(rows.inside, rows.outside)
	rows.open = slices.DeleteFunc(e.failing(rows.podIP), func(i int) bool { return e.explained[i] || e.Found(e.Rows[i]) == probe.Flaky })
	decisive := rows.inside
	if len(decisive) == 0 {
		decisive = rows.podIP
	}
	if e.all(decisive, e.refused) && !e.any(rows.podIP, e.reached) {
		rows.refused = slices.DeleteFunc(slices.Clone(rows.open), func(i int) bool { return !e.refused(e.Rows[i]) })
	}
	return rows
}

// perFamily looks for a pattern in each of the target's families.
func perFamily(find func(*explanation, ofFamily) *match) func(*explanation) []match {
	return func(e *explanation) (found []match) {
		for _, f := range e.Target.families() {
			m := find(e, e.family(f))
			if m == nil {
				continue
			}
			if m.names == nil {
				m.names = map[string]string{}
			}
			m.names["address"], m.names["loopback"] = e.address(f), f.loopback().String()
			found = append(found, *m)
		}
		return found
	}
}

// address is the Pod's address of a family, with its port.
func (e *explanation) address(f Family) string {
	i := slices.Index(e.Target.families(), f)
	return netip.AddrPortFrom(e.Target.IPs[i], e.Target.Port).String()
}

// wrongAnswers: something else has the address.
func (e *explanation) wrongAnswers() (found []match) {
	for _, i := range e.rows(func(r Row) bool { return r.Expected == Reached && e.Found(r) == probe.WrongAnswer }) {
		r := e.Rows[i]
		version := r.Result.Version
		who := fmt.Sprintf("%s received version %q", r.Caller, version)
		if e.Target.Version != "" {
			who += fmt.Sprintf(", but this pod's version is %q", e.Target.Version)
		}
		if o := r.Result.Other; o != nil && o.Version != version {
			who += fmt.Sprintf("; another connection got %q", o.Version)
			if e.Target.Version == version {
				version = o.Version
			}
		}
		owner := e.Owners[version]
		if owner == "" {
			owner = e.Owners[r.Address.Addr().String()]
		}
		if owner != "" {
			who += "; that is " + owner
		}
		found = append(found, match{[]int{i}, map[string]string{"address": r.Address.String(), "who": who}})
	}
	return found
}

// loopbackOnly: localhost answers, and the Pod refuses at each of its addresses.
func (e *explanation) loopbackOnly() []match {
	var rows, podIP, answering []int
	var addresses []string
	for _, f := range e.Target.families() {
		of := e.family(f)
		if len(of.refused) == 0 {
			return nil
		}
		rows, podIP, answering = append(rows, of.refused...), append(podIP, of.podIP...), append(answering, of.loopback...)
		addresses = append(addresses, e.address(f))
	}
	explained, orIPv4 := slices.Concat(rows, e.failing(answering)), ""
	if len(answering) == 0 {
		// Then the tunnel, which ends at localhost, shows the same, but for the family.
		answering = e.rows(func(r Row) bool { return r.From == PortForward })
		if !slices.Contains(e.Target.families(), IPv4) {
			orIPv4 = ", or on IPv4 only"
		}
	}
	if !e.any(answering, e.reached) {
		return nil
	}
	return []match{{explained, map[string]string{
		"orIPv4": orIPv4, "callers": e.callers(answering, e.reached), "addresses": strings.Join(addresses, " and "), "refusal": e.refusal(podIP),
	}}}
}

// notOnLoopback: the Pod's address answers, localhost does not.
func (e *explanation) notOnLoopback(of ofFamily) *match {
	if len(e.failing(of.podIP)) > 0 || !e.any(of.loopback, e.failed) {
		return nil
	}
	return &match{rows: e.failing(of.loopback)}
}

// refusing: the Pod refuses at its address.
func (e *explanation) refusing(of ofFamily) *match {
	if len(of.refused) == 0 {
		return nil
	}
	tunnel := e.rows(func(r Row) bool { return r.From == PortForward && e.failed(r) && e.refused(r) })
	return &match{slices.Concat(of.refused, e.failing(of.loopback), tunnel), map[string]string{"refusal": e.refusal(of.podIP)}}
}

// nothingListens: localhost refuses, too.
func (e *explanation) nothingListens(of ofFamily) *match {
	if len(of.loopback) == 0 || !e.all(of.loopback, e.refused) {
		return nil
	}
	return e.refusing(of)
}

// otherFamilyOnly: in the other family the service answers.
func (e *explanation) otherFamilyOnly(of ofFamily) *match {
	other := of.other()
	answering := e.rows(func(r Row) bool { return r.of(other) && e.reached(r) })
	m := e.refusing(of)
	if m == nil || len(answering) == 0 || !e.all(of.loopback, e.refused) {
		return nil
	}
	m.names["other"], m.names["answering"] = other.String(), e.Rows[answering[0]].Address.String()
	m.names["loopbackPort"] = netip.AddrPortFrom(of.Family.loopback(), e.Target.Port).String()
	m.names["loopbackFound"] = "refused"
	if len(of.loopback) == 0 {
		m.names["loopbackFound"] = "not checked"
	}
	if !slices.Contains(e.Target.families(), other) {
		m.names["orLoopback"] = fmt.Sprintf(" (all of it, or %s alone)", other.loopback())
	}
	return m
}

// inTheWay: the service listens, and some packets do not get to it.
func (e *explanation) inTheWay(of ofFamily) *match {
	if len(of.open) == 0 || !e.all(of.open, e.silent) || e.any(of.open, func(r Row) bool { return r.From.inside() }) {
		return nil
	}
	verb := "drops"
	if e.all(of.open, func(r Row) bool { return e.Found(r) == probe.Unreachable }) {
		verb = "rejects, or has no route for,"
	}
	silence := fmt.Sprintf("%s: no answer to %s", e.address(of.Family), e.callers(of.open, e.failed))
	if reached := e.callers(of.podIP, e.reached); reached != "" {
		silence += "; it answers " + reached
	}
	return &match{of.open, map[string]string{"verb": verb, "silence": silence, "policies": e.policies()}}
}

// betweenNodes: only what comes from other nodes is in vain.
func (e *explanation) betweenNodes(of ofFamily) *match {
	fromOther := func(r Row) bool { return r.From == OtherNode || r.From == APIServer }
	fromSame := e.any(of.outside, func(r Row) bool { return r.From == SameNode && e.reached(r) })
	other := e.rows(func(r Row) bool { return r.From == OtherNode && r.of(of.Family) })
	m := e.inTheWay(of)
	if m == nil || !fromSame || !e.all(of.open, fromOther) || !e.any(other, e.failed) {
		return nil
	}
	m.names["from"] = e.Rows[other[0]].Node
	return m
}

func (e *explanation) policies() string {
	text := fmt.Sprintf("no NetworkPolicy in namespace %q selects the pod", e.Target.Namespace)
	switch {
	case len(e.Policies) > 0:
		text = fmt.Sprintf("NetworkPolicies of namespace %q that select the pod: %s", e.Target.Namespace, strings.Join(e.Policies, ", "))
	case e.PoliciesUnknown != "":
		text = "NetworkPolicies could not be listed: " + e.PoliciesUnknown
	}
	if len(e.EgressPolicies) > 0 {
		text += "; NetworkPolicies that restrict what the probing pods send: " + strings.Join(e.EgressPolicies, ", ")
	}
	return text
}

func (e *explanation) flaky() (found []match) {
	for _, i := range e.rows(func(r Row) bool { return r.Expected == Reached && e.Found(r) == probe.Flaky }) {
		r := e.Rows[i]
		found = append(found, match{[]int{i}, map[string]string{
			"address": r.Where(), "caller": r.Caller, "error": r.Result.Err,
			"failed": strconv.Itoa(r.Result.Failed), "samples": strconv.Itoa(r.Result.Failed + r.Result.Answered),
		}})
	}
	return found
}

// rest is each failed row that belongs to no pattern.
func (e *explanation) rest() (found []match) {
	for _, i := range e.rows(e.failed) {
		if r := e.Rows[i]; !e.explained[i] {
			text := strings.TrimSuffix(fmt.Sprintf("%s: %s", e.Found(r), r.Result.Err), ": ")
			found = append(found, match{[]int{i}, map[string]string{"caller": r.Caller, "address": r.Where(), "found": text}})
		}
	}
	return found
}

// translated is each caller that is source-NATed, once: by a proxy in the Pod, which its
// service sees on loopback, or by others.
func translated(byProxy bool) func(*explanation) []match {
	return func(e *explanation) (found []match) {
		seen := map[string]bool{}
		for _, i := range e.rows(Row.SNAT) {
			r := e.Rows[i]
			if seen[r.Caller] || r.Result.From.IsLoopback() != byProxy {
				continue
			}
			seen[r.Caller] = true
			var own []string
			for _, a := range r.Own {
				own = append(own, a.String())
			}
			found = append(found, match{names: map[string]string{"caller": r.Caller, "own": strings.Join(own, ", "), "seen": r.Result.From.String()}})
		}
		return found
	}
}

// unready is what keeps the target from being Ready. Where nothing reaches the target, that explains
// what it refuses, or, of the Pod as a whole, all that fails; otherwise it is harmless to the run.
func unready(harmless bool) func(*explanation) []match {
	return func(e *explanation) []match {
		c := e.Target.Cause
		if c == nil {
			return nil
		}
		var rows []int
		if len(e.rows(e.reached)) == 0 {
			rows = e.rows(func(r Row) bool { return e.failed(r) && (e.refused(r) || c.Container == "") })
		}
		if harmless != (len(rows) == 0) {
			return nil
		}
		return []match{{rows, map[string]string{"what": c.What, "why": c.Why, "remedy": c.Remedy}}}
	}
}

// notProbed is each fault because of which nothing was probed, once; one of those that a
// healthy cluster may have, too, or of the others.
func notProbed(harmless bool) func(*explanation) []match {
	return func(e *explanation) (found []match) {
		seen := map[string]bool{}
		for _, r := range e.Rows {
			if c := r.Cause; c != nil && c.Harmless == harmless && !seen[c.What] {
				seen[c.What] = true
				found = append(found, match{names: map[string]string{"what": c.What, "why": c.Why, "remedy": c.Remedy}})
			}
		}
		return found
	}
}
