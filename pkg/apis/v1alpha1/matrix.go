package v1alpha1

// Matrix says which nodes' pods reach which: a row of it is a node that probes, a
// column one that is probed.
type Matrix struct {
	// Nodes are all that the run knows of, by zone and name.
	Nodes []MatrixNode `json:"nodes"`
	// Peers is how many others each node probed and was probed by; 0 is all.
	Peers int `json:"peers,omitempty"`
	// SlowMilliseconds is the limit of the state Slow.
	SlowMilliseconds int64 `json:"slowMilliseconds"`
	// CrossNodeSkipped says why there is no pair of two nodes, or "".
	CrossNodeSkipped string          `json:"crossNodeSkipped,omitempty"`
	Families         []MatrixFamily  `json:"families,omitempty"`
	Findings         []MatrixFinding `json:"findings,omitempty"`
	// FindingsLeftOut is how many more there are.
	FindingsLeftOut int `json:"findingsLeftOut,omitempty"`
	// Pairs are all probed ones of up to 100 nodes (PairsAreAll); of more, the first 1,000
	// of those that fail, and PairsLeftOut counts the others that fail.
	Pairs        []MatrixPair `json:"pairs,omitempty"`
	PairsAreAll  bool         `json:"pairsAreAll"`
	PairsLeftOut int          `json:"pairsLeftOut,omitempty"`
	// Stages are the parts of the run, in order: nodes, pods, probes.
	Stages []Stage `json:"stages,omitempty"`
}

// Stage is how long a part of a run took.
type Stage struct {
	Name                string `json:"name"`
	ElapsedMilliseconds int64  `json:"elapsedMilliseconds"`
}

// MatrixNode is a node and the run's pod on it.
type MatrixNode struct {
	Name      string   `json:"name"`
	Zone      string   `json:"zone,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	// Skipped says why no pod was meant to run on it, such as a taint; Failed why it could not
	// take part: it is not Ready, or its pod did not start or could not probe.
	Skipped string `json:"skipped,omitempty"`
	Failed  string `json:"failed,omitempty"`
	// Reaches counts, over all families, the pairs that this node probed.
	Reaches MatrixCounts `json:"reaches"`
}

// MatrixState is what became of the probes of a pair.
type MatrixState string

// The states of a pair. Flaky and all after it fail.
const (
	PairNotProbed   MatrixState = "NotProbed"
	PairReachable   MatrixState = "Reachable"
	PairSlow        MatrixState = "Slow"
	PairFlaky       MatrixState = "Flaky"
	PairWrongAnswer MatrixState = "WrongAnswer"
	PairRefused     MatrixState = "Refused"
	PairReset       MatrixState = "Reset"
	PairTimedOut    MatrixState = "TimedOut"
	PairUnreachable MatrixState = "Unreachable"
)

// MatrixCounts count pairs: those that were probed, those of them that fail, and all by state.
type MatrixCounts struct {
	Probed  int                 `json:"probed"`
	Failing int                 `json:"failing"`
	States  map[MatrixState]int `json:"states,omitempty"`
}

// MatrixFamily sums up the pairs of an address family.
type MatrixFamily struct {
	// Family is IPv4 or IPv6.
	Family string       `json:"family"`
	Counts MatrixCounts `json:"counts"`
	// P50Microseconds and P99Microseconds are of the medians of the pairs that
	// answered.
	P50Microseconds int64 `json:"p50Microseconds"`
	P99Microseconds int64 `json:"p99Microseconds"`
}

// MatrixFinding explains pairs that are not as they should be. A pair that fails
// belongs to one finding: the largest pattern that has it.
type MatrixFinding struct {
	// Pattern is the form of it, such as Isolated, Zones, Pair or Translation.
	Pattern string `json:"pattern"`
	// Warning: the pairs are reachable, but slow or under another address.
	Warning bool `json:"warning,omitempty"`
	// Families are those that show it.
	Families []string `json:"families,omitempty"`
	// Text is what is wrong, Cause what shows it, and Remedy what to do.
	Text   string `json:"text"`
	Cause  string `json:"cause"`
	Remedy string `json:"remedy"`
	// Pairs counts those that it explains, in all of Families.
	Pairs int `json:"pairs"`
}

// MatrixPair is what one node found of another in one family.
type MatrixPair struct {
	Family string `json:"family"`
	// From and To are names of nodes.
	From  string      `json:"from"`
	To    string      `json:"to"`
	State MatrixState `json:"state"`
	// P50Microseconds and P99Microseconds are the time until the connection was
	// established.
	P50Microseconds int64 `json:"p50Microseconds,omitempty"`
	P99Microseconds int64 `json:"p99Microseconds,omitempty"`
	// SeenAs is the address that the target saw, where it is not the caller's own.
	SeenAs string `json:"seenAs,omitempty"`
	// Detail is what State does not say, such as what answered instead.
	Detail string `json:"detail,omitempty"`
}
