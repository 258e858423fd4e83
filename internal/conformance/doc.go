// Package conformance is the suite of checks that a cluster is held to, in profiles. A
// check is a value: an assertion, the profile that it belongs to, and what decides it. It
// is a claim of an example of the catalogue wherever kubectl's commands and CEL can decide
// it; all others are the list in check.go.
//
// What decides them are packages engine and reach. Here is what their results come to: a
// ConformanceReport. It knows neither package testing nor the command line.
package conformance
