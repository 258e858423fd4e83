// Package probe asks HTTP services from within a container: who answers at each
// address, how fast, or what is in the way. One exec asks all of them.
//
// It knows addresses, not Pods: what an outcome says about a cluster is decided
// by its callers, pkg/vantage and pkg/reach.
package probe
