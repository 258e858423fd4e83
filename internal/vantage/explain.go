package vantage

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// Cause explains rows that are not as expected.
type Cause struct {
	// What is wrong, Why (what shows it), and what to do.
	What, Why, Remedy string
	// Warning: the Pod was reached all the same.
	Warning bool
}

// Explain finds the causes of what is not as expected. Each failed row belongs to
// at least one of them.
func Explain(t *Table) []Cause {
	e := &explanation{Table: t, explained: make([]bool, len(t.Rows))}
	e.wrongAnswers()
	e.loopbackOnly()
	for _, f := range families(t.Target) {
		e.family(f)
	}
	e.flaky()
	e.rest()
	e.snat()
	return e.causes
}

// explanation is the work of Explain.
type explanation struct {
	*Table
	explained []bool
	causes    []Cause
}

func (e *explanation) add(c Cause, rows []int) {
	e.causes = append(e.causes, c)
	for _, i := range rows {
		e.explained[i] = true
	}
}

// rows returns the indexes of the rows that were asked and that keep is true of.
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

func (e *explanation) failed(r Row) bool { return e.Outcome(r) == Failed }

func (e *explanation) refused(r Row) bool { return e.Found(r) == probe.Refused }

// silent: no connection stood, and nobody refused one.
func (e *explanation) silent(r Row) bool {
	f := e.Found(r)
	return !r.Result.Connected && (f == probe.Timeout || f == probe.Unreachable)
}

// wrongAnswers: somebody else has the address.
func (e *explanation) wrongAnswers() {
	for i, r := range e.Rows {
		if r.Skipped != "" || r.Expected != Reached || e.Found(r) != WrongAnswer {
			continue
		}
		version := r.Result.Version
		why := fmt.Sprintf("%s got the version %q", r.Caller, version)
		if e.Target.Version != "" {
			why += fmt.Sprintf(", and only version %q is this pod's", e.Target.Version)
		}
		if o := r.Result.Other; o != nil && o.Version != version {
			why += fmt.Sprintf("; another connection got %q", o.Version)
			if e.Target.Version == version {
				version = o.Version
			}
		}
		owner := e.Owners[version]
		if owner == "" {
			owner = e.Owners[r.Address.Addr().String()]
		}
		if owner != "" {
			why += "; that is " + owner
		}
		e.add(Cause{
			What:   fmt.Sprintf("somebody else answers at %s", r.Address),
			Why:    why,
			Remedy: "look for another pod or machine with this address (kubectl get pods -A -o wide), a stale route, or a proxy in between",
		}, []int{i})
	}
}

// toPodIP are the rows that ask for the Pod's address and expect an answer.
func (e *explanation) toPodIP(f Family) (inside, outside []int) {
	inside = e.rows(func(r Row) bool { return r.Place.inside() && r.To == PodIP && f.of(r) })
	outside = e.rows(func(r Row) bool { return !r.Place.inside() && r.To == PodIP && f.of(r) && r.Expected == Reached })
	return inside, outside
}

// loopback are the rows that ask for localhost in a family.
func (e *explanation) loopback(f Family) []int {
	return e.rows(func(r Row) bool { return r.To == Localhost && f.of(r) })
}

// loopbackOnly: localhost answers, and each of the Pod's addresses refuses from
// everywhere.
func (e *explanation) loopbackOnly() {
	var rows, own []int
	var addresses []string
	for _, f := range families(e.Target) {
		inside, outside := e.toPodIP(f)
		rows = append(rows, slices.Concat(inside, outside)...)
		own = append(own, e.loopback(f)...)
		addresses = append(addresses, e.address(f))
	}
	what := "the service listens on loopback only"
	answers := own
	if len(own) == 0 {
		// Then the tunnel, which ends at localhost, tells the same, but for the family.
		answers = e.rows(func(r Row) bool { return r.Place == PortForward })
		if !slices.Contains(families(e.Target), IPv4) {
			what += ", or on IPv4 only"
		}
	}
	if len(rows) == 0 || !e.all(rows, e.refused) || !e.any(answers, e.reached) {
		return
	}
	e.add(Cause{
		What:   what,
		Why:    fmt.Sprintf("localhost answers (%s); %s: %s", e.callers(answers, e.reached), strings.Join(addresses, " and "), e.refusal(rows)),
		Remedy: fmt.Sprintf("have it listen on all addresses (0.0.0.0:%d or [::]:%[1]d), not on 127.0.0.1 or localhost", e.Target.Port),
	}, slices.Concat(rows, e.failing(own)))
}

// refusal tells from where an address refuses.
func (e *explanation) refusal(rows []int) string {
	if e.any(rows, func(r Row) bool { return r.Place.inside() }) {
		return "refused from everywhere, also from the pod's own containers"
	}
	return "refused from everywhere that was asked"
}

// family explains one address family.
func (e *explanation) family(f Family) {
	inside, outside := e.toPodIP(f)
	toPodIP, loopback := slices.Concat(inside, outside), e.loopback(f)
	open := slices.DeleteFunc(e.failing(toPodIP), func(i int) bool { return e.explained[i] })
	switch {
	case len(open) == 0 && len(e.failing(toPodIP)) == 0 && e.any(loopback, e.failed):
		e.add(e.notOnLoopback(f), e.failing(loopback))
	case len(open) == 0:
	case e.all(toPodIP, e.refused):
		e.add(e.notListening(f, toPodIP, loopback), slices.Concat(open, e.failing(loopback)))
	case e.all(open, e.silent) && !e.any(inside, e.failed):
		e.add(e.inTheWay(f, open, outside), open)
	}
}

func (e *explanation) failing(rows []int) []int {
	return slices.DeleteFunc(slices.Clone(rows), func(i int) bool { return !e.failed(e.Rows[i]) })
}

// notListening: the Pod's address is there, and refuses from everywhere.
func (e *explanation) notListening(f Family, toPodIP, loopback []int) Cause {
	other := f.other()
	answering := e.rows(func(r Row) bool { return other.of(r) && e.reached(r) })
	switch {
	case len(answering) > 0 && e.all(loopback, e.refused):
		what := fmt.Sprintf("the service listens on %s only", other)
		if !slices.Contains(families(e.Target), other) {
			what += fmt.Sprintf(" (all of it, or %s alone)", other.loopback())
		}
		return Cause{
			What: what,
			Why: fmt.Sprintf("%s answers; %s: %s; %s: %s", e.Rows[answering[0]].Address, e.address(f), e.refusal(toPodIP),
				netip.AddrPortFrom(f.loopback(), e.Target.Port), e.words(loopback)),
			Remedy: fmt.Sprintf("have it listen on all addresses of both families ([::]:%d), or use an image that does", e.Target.Port),
		}
	case len(loopback) > 0 && e.all(loopback, e.refused):
		return Cause{
			What:   fmt.Sprintf("nothing listens on port %d of the pod", e.Target.Port),
			Why:    fmt.Sprintf("%s: %s; localhost is refused, too", e.address(f), e.refusal(toPodIP)),
			Remedy: fmt.Sprintf("name the port that the service listens on with --port, or read its log: kubectl logs %s -n %s", e.Target.Name, e.Target.Namespace),
		}
	default:
		return Cause{
			What:   fmt.Sprintf("nothing listens on %s", e.address(f)),
			Why:    e.refusal(toPodIP) + "; localhost could not be checked",
			Remedy: "check the port (--port), and that the service listens on all addresses, not on localhost",
		}
	}
}

func (e *explanation) words(loopback []int) string {
	if len(loopback) == 0 {
		return "not checked"
	}
	return "refused"
}

// notOnLoopback: the Pod's address answers, localhost does not.
func (e *explanation) notOnLoopback(f Family) Cause {
	return Cause{
		What:   fmt.Sprintf("the service listens on the pod's address only, not on %s", f.loopback()),
		Why:    fmt.Sprintf("%s answers, %s does not", e.address(f), f.loopback()),
		Remedy: fmt.Sprintf("where sidecars or port-forward need localhost, have it listen on all addresses (0.0.0.0:%d or [::]:%[1]d)", e.Target.Port),
	}
}

// inTheWay: the service listens, and some packets do not get to it.
func (e *explanation) inTheWay(f Family, open, outside []int) Cause {
	verb := "drops"
	if e.all(open, func(r Row) bool { return e.Found(r) == probe.Unreachable }) {
		verb = "rejects, or has no route for,"
	}
	why := fmt.Sprintf("%s: no answer to %s", e.address(f), e.callers(open, e.failed))
	inside, _ := e.toPodIP(f)
	if reached := e.callers(slices.Concat(inside, outside), e.reached); reached != "" {
		why += "; it does answer " + reached
	}
	fromOther := func(r Row) bool { return r.Place == OtherNode || r.Place == APIServer }
	fromSame := e.any(outside, func(r Row) bool { return r.Place == SameNode && e.reached(r) })
	if other := e.rows(func(r Row) bool { return r.Place == OtherNode && f.of(r) }); fromSame && e.all(open, fromOther) && e.any(other, e.failed) {
		from := e.Rows[other[0]].Node
		return Cause{
			What:   fmt.Sprintf("only traffic between nodes fails: from %s to %s", from, e.Target.Node),
			Why:    why,
			Remedy: fmt.Sprintf("check the network plugin and the routes or firewall between %s and %s; `kubectl kbe reach --nodes` shows all pairs", from, e.Target.Node),
		}
	}
	return Cause{
		What:   fmt.Sprintf("something on the path %s the packets", verb),
		Why:    why + "; " + e.policies(),
		Remedy: "allow the callers in a NetworkPolicy; where none selects the pod, look at the nodes' firewalls and the network plugin",
	}
}

func (e *explanation) policies() string {
	switch {
	case e.PoliciesUnknown != "":
		return "NetworkPolicies could not be read: " + e.PoliciesUnknown
	case len(e.Policies) == 0:
		return fmt.Sprintf("no NetworkPolicy in namespace %q selects the pod", e.Target.Namespace)
	default:
		return fmt.Sprintf("NetworkPolicies of namespace %q that select the pod: %s", e.Target.Namespace, strings.Join(e.Policies, ", "))
	}
}

func (e *explanation) flaky() {
	for i, r := range e.Rows {
		if r.Skipped == "" && r.Expected == Reached && e.Found(r) == Flaky {
			e.add(Cause{
				What:   fmt.Sprintf("some connections to %s fail", r.Address),
				Why:    fmt.Sprintf("%s: %d of %d failed, the last with: %s", r.Caller, r.Result.Failed, r.Result.Failed+r.Result.Answered, r.Result.Err),
				Remedy: "run it again; look for restarts of the pod, packet loss, or a full connection table on the nodes",
			}, []int{i})
		}
	}
}

// rest tells of each failed row that belongs to no pattern.
func (e *explanation) rest() {
	for i, r := range e.Rows {
		if !e.explained[i] && e.failed(r) {
			e.add(Cause{
				What:   fmt.Sprintf("%s does not reach %s", r.Caller, r.Where()),
				Why:    strings.TrimSuffix(fmt.Sprintf("%s: %s", e.Found(r), r.Result.Err), ": "),
				Remedy: fmt.Sprintf("read the pod's log: kubectl logs %s -n %s", e.Target.Name, e.Target.Namespace),
			}, []int{i})
		}
	}
}

func (e *explanation) snat() {
	seen := map[string]bool{}
	for _, r := range e.Rows {
		if r.Skipped != "" || !r.SNAT() || seen[r.Caller] {
			continue
		}
		seen[r.Caller] = true
		e.add(Cause{
			What:    "something translates addresses between pods (SNAT)",
			Why:     fmt.Sprintf("%s, whose address is %s, was seen as %s", r.Caller, joined(r.Own), r.Result.From),
			Remedy:  "pods should see each other's own addresses; check the masquerading rules of the network plugin, for NetworkPolicies by pod do not work so",
			Warning: true,
		}, nil)
	}
}

func (e *explanation) address(f Family) string {
	for _, a := range e.Target.IPs {
		if familyOf(a) == f {
			return e.addrPort(a).String()
		}
	}
	return string(f)
}

// callers names who asked in the rows that is is true of.
func (e *explanation) callers(rows []int, is func(Row) bool) string {
	var names []string
	for _, i := range rows {
		if r := e.Rows[i]; is(r) && !slices.Contains(names, r.Caller) {
			names = append(names, r.Caller)
		}
	}
	return strings.Join(names, ", ")
}
