// Package probe asks many HTTP addresses at once and tells of each, as soon as it
// is decided, who answered, how fast, or what kept it from answering.
//
// It is the other side of the service: run inside a Pod, it tests the path from
// there. So it makes a fresh TCP connection for each sample, follows no redirect,
// uses no proxy and no DNS. What an outcome means for a cluster is not decided here.
package probe
