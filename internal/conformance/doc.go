// Package conformance is the suite of assertions that a cluster is held to, in
// profiles. An assertion is a claim of an example of the catalogue wherever
// kubectl's commands and CEL can say it; those of the matrix of nodes and of the
// vantage points are in two tables here. Each is written in one place.
//
// What decides them are packages engine and reach. Here is what belongs
// to which profile, and what their results come to: a ConformanceReport. It knows
// neither package testing nor the command line.
package conformance
