// Package reach tells which nodes' pods reach which: it plans who probes whom,
// keeps the answers in a compact matrix, and explains the failures by the
// largest pattern that they form. Run does so on a cluster, with one pod per
// node; all else here is pure. How it is told is the business of package report.
package reach
