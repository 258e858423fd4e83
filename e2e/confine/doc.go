// Package confine holds what a stranger's example may do against a bare API
// server, and fuzzes it.
package confine
