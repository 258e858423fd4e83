// Package state is the memory of a cluster on disk: where its files lie, what it was started with, and who runs it.
// It starts nothing and stops nothing.
package state
