// Package conformance checks a cluster against Kubernetes' requirements for pods and
// the pod network, from a Go test of any module:
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, conformance.Options{})
//	}
//
// Each assertion is a subtest, PROFILE/ID. `kubectl kbe conformance` runs the same
// without Go, and `kubectl kbe conformance --list` lists all assertions.
//
// The cluster is never changed beyond what the suite's own namespaces hold, and
// they are removed: even when an assertion fails, on Ctrl-C, and before the
// test binary's -timeout ends it.
package conformance
