// Package module shows how a module outside this repository checks a cluster against the
// conformance suite of kubectl-kbe.
//
//	go test .                                            # the cluster of the kubeconfig
//	go test . -run TestConformance/network -args -context staging
package module

import (
	"flag"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/conformance"
)

var (
	kubeconfig = flag.String("kubeconfig", "", "the kubeconfig (default: as kubectl finds it)")
	context    = flag.String("context", "", "the context of the kubeconfig (default: the current one)")
	report     = flag.String("report", "", "write the ConformanceReport to this file")
	artifacts  = flag.String("artifacts", "", "write the pods, events and logs of what fails to this folder")
)

func TestConformance(t *testing.T) {
	conformance.Run(t, conformance.Options{
		Kubeconfig: *kubeconfig, Context: *context, ReportFile: *report, ArtifactsDir: *artifacts,
		// What our clusters do without, and why.
		Skip: map[string]string{"kubectl-run-makes-a-pod": "we test clusters, not kubectl"},
	})
}
