// Package preflight looks for everything that would keep a cluster from starting on this machine, and says all of it at
// once, each with its remedy. It leaves the machine as it was.
package preflight
