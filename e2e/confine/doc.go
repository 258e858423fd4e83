// Package confine holds what an example from anybody may do against a bare API
// server, and fuzzes it.
package confine
