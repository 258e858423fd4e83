// Package report turns reports into something to read: a Document of blocks, made of any
// kind of report by pure functions, and one file per format that writes it. A Collector
// keeps the Report of an example up to date by the events of its run; the live terminal
// shows the blocks that are new. Nothing here contacts a cluster.
package report
