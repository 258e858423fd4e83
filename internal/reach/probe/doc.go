// Package probe probes HTTP services from within a container, by its curl: who
// answers at each address, how fast, or why not. One exec probes all
// of them.
//
// It knows addresses, not Pods: what an outcome says about a cluster is decided
// by its callers, package reach.
package probe
