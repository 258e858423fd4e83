// Package krew tests a release as those get it who install it: the archives of
// `make dist`, their manifest, and krew itself. It reaches no network but that of
// its own cluster.
package krew
