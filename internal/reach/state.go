package reach

import (
	"net/netip"
	"time"
)

// State is what became of the probes of a pair of nodes.
type State uint8

// The states, from no verdict to the worst.
const (
	// NotProbed: the plan leaves the pair out, or its caller could not ask.
	NotProbed State = iota
	// Reachable: the pod itself answered every time, and within the limit.
	Reachable
	// Slow: it answered, but half of the connections took longer than the limit.
	Slow
	// Flaky: it answered some of the times.
	Flaky
	// WrongAnswer: somebody else answered on its address.
	WrongAnswer
	// Refused: nobody listens on its address and port.
	Refused
	// Reset: the connection was torn down before there was an answer.
	Reset
	// TimedOut: no packet came back in time.
	TimedOut
	// Unreachable: a router or the caller's own host knows no way.
	Unreachable

	states
)

var stateWords = [states]string{
	"not probed", "reachable", "slow", "answers only sometimes", "wrong answer", "refused", "reset", "timed out", "unreachable",
}

func (s State) String() string { return stateWords[s] }

// Failing tells that the pair is not reachable as it should be.
func (s State) Failing() bool { return s >= Flaky }

// Family is an address family.
type Family uint8

// The families, in the order of the matrix.
const (
	IPv4 Family = iota
	IPv6

	families
)

func (f Family) String() string { return [families]string{"IPv4", "IPv6"}[f] }

// FamilyOf is the family of an address.
func FamilyOf(a netip.Addr) Family {
	if a.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// Sample is what one node found of another, in one family.
type Sample struct {
	State State
	// P50 and P99 are of the time until the connection was established.
	P50, P99 time.Duration
	// SeenAs is the address under which the target saw the caller, where that is
	// not the caller's own: somebody translates addresses.
	SeenAs netip.Addr
	// Detail is what the state does not say, such as who answered instead.
	Detail string
}
