// Package run is the life of everything that runs on a cluster, be it an example, a
// probe of reachability or a part of the conformance suite: what a user may choose, the
// clients, the session, the timeouts and signals, the evidence, the cleanup and the
// verdict. It knows nothing of what the work is, and nothing of how it is shown.
package run
