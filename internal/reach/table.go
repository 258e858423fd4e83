package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Target is the Pod that is probed.
type Target struct {
	Name, Namespace, Node string
	IPs                   []netip.Addr
	Port                  uint16
	// Declared are the ports that it declares, or "".
	Declared string
	// Container is the one that serves; Started when it did last, and Restarts how often before.
	Container string
	Started   time.Time
	Restarts  int
	// Cause is what keeps it from being Ready, or nil; only an existing one is looked at.
	Cause *diagnose.Cause
	// Existing: it was there before the run, and is only probed.
	Existing bool
	// Version is what only this Pod answers, or "" where that is not known: then
	// any connection counts as reached, and what answered is not proven.
	Version string
}

// To is which address of a Pod is probed.
type To string

// What is probed.
const (
	Localhost To = "localhost"
	PodIP     To = "podIP"
)

// Expected is what a row expects.
type Expected string

// What is expected. Only Reached is a claim; the others are lessons.
const (
	Reached    Expected = "reached"
	NotReached Expected = "notReached"
	Any        Expected = "any"
)

// Row is one vantage point, and one address.
type Row struct {
	From VantagePoint
	// Caller is what probed, in words; Node where it is, or "".
	Caller, Node string
	To           To
	// Address is what was probed. Of a PortForward it is the port alone: the
	// kubelet chooses the family.
	Address  netip.AddrPort
	Expected Expected
	// Skipped says why nothing was probed, or is "".
	Skipped string
	// Cause is the fault because of which nothing was probed, or nil.
	Cause  *diagnose.Cause
	Result probe.Result
	// Own are the caller's addresses, where it is known by which it is seen
	// when nothing translates them.
	Own []netip.Addr
}

// Table holds what each vantage point found at each address.
type Table struct {
	Target Target
	Rows   []Row
	// Policies name the NetworkPolicies that select the target for ingress. They
	// are looked up when something is in the way; PoliciesUnknown says why not.
	Policies        []string
	PoliciesUnknown string
	// EgressPolicies name those that select the run's Pods, which probe, for egress.
	EgressPolicies []string
	// Owners name, by version and by address, Pods that may have answered in the
	// target's place.
	Owners map[string]string
}

// Found returns what a row found.
func (t *Table) Found(r Row) probe.Outcome { return r.Result.Judge(t.Target.Version) }

// Outcome judges a row.
func (t *Table) Outcome(r Row) v1alpha1.VantageOutcome {
	switch {
	case r.Skipped != "":
		return v1alpha1.VantageSkipped
	case r.Expected != Reached:
		return v1alpha1.VantageLesson
	case t.reached(r):
		return v1alpha1.VantageMet
	default:
		return v1alpha1.VantageFailed
	}
}

// reached reports that the target answered. Of a Pod whose version is not known it
// is enough that a connection stood: it may speak another protocol.
func (t *Table) reached(r Row) bool {
	found := t.Found(r)
	return r.Skipped == "" && (found == probe.Answered || t.Target.Version == "" && r.Result.Connected && found != probe.WrongAnswer && found != probe.Flaky)
}

// mayListenSoon reports that connections failed, and that the last of these was refused, or for a
// reason that is not known: it is not where the connection stood that was to find it out.
func (t *Table) mayListenSoon(r Row) bool {
	return t.Outcome(r) == v1alpha1.VantageFailed && r.Result.Failed > 0 && probe.OutcomeOf(r.Result.Err, probe.Refused) == probe.Refused
}

// SNAT reports that the target saw the caller under an address that is not its own.
func (r Row) SNAT() bool {
	return len(r.Own) > 0 && r.Result.From.IsValid() && !slices.Contains(r.Own, r.Result.From)
}

// Proxied reports whether the address that a caller is seen under is that of a proxy in the
// target's Pod, as those of service meshes: then it says nothing of the network.
func Proxied(seenAs netip.Addr) bool { return seenAs.IsLoopback() }

// SeenAs says what a caller is seen as that is not seen under its own address.
func SeenAs(a netip.Addr) string {
	if Proxied(a) {
		return fmt.Sprintf("seen as %s through a proxy in the pod, as those of service meshes", a)
	}
	return fmt.Sprintf("source-NATed to %s", a)
}

// Count counts the rows of an outcome.
func (t *Table) Count(o v1alpha1.VantageOutcome) int {
	n := 0
	for _, r := range t.Rows {
		if t.Outcome(r) == o {
			n++
		}
	}
	return n
}

// of reports whether the row's address is of a family; it has none where the kubelet chooses it.
func (r Row) of(f Family) bool {
	return r.Address.Addr().IsValid() && FamilyOf(r.Address.Addr()) == f
}

// Where is the row's address in words.
func (r Row) Where() string {
	if !r.Address.Addr().IsValid() {
		return fmt.Sprintf("localhost:%d", r.Address.Port())
	}
	return r.Address.String()
}

// families are those of the target's addresses, in their order.
func (t Target) families() (list []Family) {
	for _, a := range t.IPs {
		list = append(list, FamilyOf(a))
	}
	return list
}
