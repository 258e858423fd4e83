// Package bare tests how a run holds its part of a cluster, and how it waits, against
// a bare API server: creation, retries, cleanup, leftovers, watches. It needs no nodes.
package bare
