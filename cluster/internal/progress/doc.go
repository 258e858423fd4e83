// Package progress shows a waiting user what is going on: one line that changes on a terminal, plain lines elsewhere,
// and never more than a few seconds of silence.
package progress
