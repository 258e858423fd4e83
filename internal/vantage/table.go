package vantage

import (
	"net/netip"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// Target is the Pod that is asked.
type Target struct {
	Name, Namespace, Node string
	IPs                   []netip.Addr
	Port                  uint16
	// Existing: it was there before the run, and is only asked.
	Existing bool
	// Version is what only this Pod answers, or "" where that is not known: then
	// any connection counts as reached, and who answered is not proven.
	Version string
}

// To is which address of a Pod is asked.
type To string

// What is asked.
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

// Row is one place to ask from, and one address.
type Row struct {
	Place Place
	// Caller is who asked, in words; Node where it is, or "".
	Caller, Node string
	To           To
	// Address is what was asked. Of a PortForward it is the port alone: the
	// kubelet chooses the family.
	Address  netip.AddrPort
	Expected Expected
	// Skipped says why nobody asked, or is "".
	Skipped string
	Result  probe.Result
	// Own are the caller's addresses, where it is known by which it is seen
	// when nothing translates them.
	Own []netip.Addr
}

// Table is the truth table.
type Table struct {
	Target Target
	Rows   []Row
	// Hardened: the Namespace of the run's Pods enforces the Pod Security Standard
	// restricted, and they meet it.
	Hardened bool
	// Policies name the NetworkPolicies that select the target for ingress. They
	// are looked up when something is in the way; PoliciesUnknown says why not.
	Policies        []string
	PoliciesUnknown string
	// Owners name, by version and by address, Pods that may have answered in the
	// target's place.
	Owners map[string]string
}

// Outcome is what a row comes to.
type Outcome string

// The outcomes.
const (
	Met     Outcome = "Met"
	Failed  Outcome = "Failed"
	Skipped Outcome = "Skipped"
	Lesson  Outcome = "Lesson"
)

// Found is what a row found: the probe's outcome, or one of these.
const (
	// WrongAnswer: somebody else answered, at least once.
	WrongAnswer probe.Outcome = "wrongAnswer"
	// Flaky: some connections failed after one was answered.
	Flaky probe.Outcome = "flaky"
)

// Found returns what a row found.
func (t *Table) Found(r Row) probe.Outcome {
	res := r.Result
	switch {
	case res.Outcome != probe.Answered:
		return res.Outcome
	case t.Target.Version != "" && res.Version != t.Target.Version,
		res.Other != nil && res.Other.Version != res.Version:
		return WrongAnswer
	case res.Failed > 0:
		return Flaky
	default:
		return probe.Answered
	}
}

// Outcome judges a row.
func (t *Table) Outcome(r Row) Outcome {
	switch {
	case r.Skipped != "":
		return Skipped
	case r.Expected != Reached:
		return Lesson
	case t.reached(r):
		return Met
	default:
		return Failed
	}
}

// reached tells that the target answered. Of a Pod whose version is not known it
// is enough that a connection stood: it may speak another protocol.
func (t *Table) reached(r Row) bool {
	found := t.Found(r)
	return r.Skipped == "" && (found == probe.Answered || t.Target.Version == "" && r.Result.Connected && found != WrongAnswer && found != Flaky)
}

// SNAT tells that the target saw the caller under an address that is not its own.
func (r Row) SNAT() bool {
	return len(r.Own) > 0 && r.Result.From.IsValid() && !slices.Contains(r.Own, r.Result.From)
}

// Count counts the rows of an outcome.
func (t *Table) Count(o Outcome) int {
	n := 0
	for _, r := range t.Rows {
		if t.Outcome(r) == o {
			n++
		}
	}
	return n
}
