// Package evidence keeps what a cluster says of the Pods of a run, before the
// run removes them: their state, their Events, their logs.
//
// It judges nothing. Secrets, and the values of environment variables, are never
// in it.
package evidence
