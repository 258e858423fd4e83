// Package report turns the events of a run into something to read. A report is
// a pure function of the events; nothing here talks to a cluster.
package report
