package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ReachKind is that of a Reach.
const ReachKind = "Reach"

// Reach is the report of `kubectl kbe reach`: where a Pod was reachable from
// (Target, Vantages), or which nodes' Pods reach which (Matrix).
type Reach struct {
	metav1.TypeMeta `json:",inline"`
	// The name is reach-RUNID, or reach where the run could not start.
	metav1.ObjectMeta `json:"metadata"`

	RunResult `json:",inline"`

	// Hardened: the Namespace enforces the Pod Security Standard restricted, and
	// the run's Pods meet it.
	Hardened bool         `json:"hardened,omitempty"`
	Target   *ReachTarget `json:"target,omitempty"`
	// Vantages are the rows of the table.
	Vantages []Vantage    `json:"vantages,omitempty"`
	Counts   *ReachCounts `json:"counts,omitempty"`
	// Causes explain what is not as expected.
	Causes []ReachCause `json:"causes,omitempty"`
	Matrix *Matrix      `json:"matrix,omitempty"`
}

// ReachTarget is the Pod that is probed.
type ReachTarget struct {
	Name      string   `json:"name"`
	Namespace string   `json:"namespace"`
	Node      string   `json:"node,omitempty"`
	IPs       []string `json:"ips,omitempty"`
	Port      int      `json:"port"`
	// Existing: it was there before, and is left as it is.
	Existing bool `json:"existing"`
	// Version is what only this Pod answers, or "" where that is not known.
	Version string `json:"version,omitempty"`
}

// VantageOutcome is what a row of the table comes to.
type VantageOutcome string

// The outcomes of a row.
const (
	// VantageMet: found as expected.
	VantageMet VantageOutcome = "Met"
	// VantageFailed: not found as expected.
	VantageFailed VantageOutcome = "Failed"
	// VantageSkipped: it was not permitted, or not possible, to probe from there.
	VantageSkipped VantageOutcome = "Skipped"
	// VantageLesson: nothing was expected; what was found is worth knowing.
	VantageLesson VantageOutcome = "Lesson"
)

// Vantage is a row of the table: one place to probe from, one address.
type Vantage struct {
	// Place is where it was probed from, as `kubectl kbe reach --from` names it.
	Place string `json:"place"`
	// Caller is who probed, in words, and Node where that is.
	Caller string `json:"caller,omitempty"`
	Node   string `json:"node,omitempty"`
	// To is localhost or podIP; Family is IPv4 or IPv6, or "" where someone else
	// chooses it.
	To     string `json:"to"`
	Family string `json:"family,omitempty"`
	// Address is the one that was probed, with its port.
	Address string `json:"address"`

	// Expected: reached, notReached, or any.
	Expected string         `json:"expected"`
	Outcome  VantageOutcome `json:"outcome"`
	// Found is answered, refused, timeout, unreachable, reset, protocol, error,
	// wrongAnswer or flaky; "" where Skipped says why it was not probed.
	Found   string `json:"found,omitempty"`
	Skipped string `json:"skipped,omitempty"`
	// Proves is what the row shows where it is met.
	Proves string `json:"proves"`

	// Version and From are what the service answered: its own version, and the
	// caller's address as it saw it. SNAT: that is not the caller's own.
	Version string `json:"version,omitempty"`
	From    string `json:"from,omitempty"`
	SNAT    bool   `json:"snat,omitempty"`
	// Answered and Failed count the connections.
	Answered int `json:"answered"`
	Failed   int `json:"failed"`
	// P50Microseconds and P99Microseconds are the time until the connection was
	// established; where that is not known (API server, port-forward), until the answer
	// was read.
	P50Microseconds int64 `json:"p50Microseconds,omitempty"`
	P99Microseconds int64 `json:"p99Microseconds,omitempty"`
	// Error is that of the last connection that failed, in the words of what probed.
	Error string `json:"error,omitempty"`
}

// ReachCounts count the rows by their outcome.
type ReachCounts struct {
	Met     int `json:"met"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
	Lessons int `json:"lessons"`
}

// ReachCause is a diagnosis.
type ReachCause struct {
	// What is wrong, Why (what shows it), and the Remedy.
	What   string `json:"what"`
	Why    string `json:"why"`
	Remedy string `json:"remedy"`
	// Warning: the Pod was reached all the same.
	Warning bool `json:"warning,omitempty"`
}
