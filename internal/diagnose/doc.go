// Package diagnose reports why something is not what it should be: what is wrong,
// why, and what to do.
//
// It is a pure function of what the cluster has said, objects and error texts;
// it fetches nothing. What the cluster says is taken apart into signs, and ONE
// table, whose rows are in the files table_*.go, knows what each sign means.
// To teach it another cause is to add a row.
package diagnose
