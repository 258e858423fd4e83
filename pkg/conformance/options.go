package conformance

import (
	"time"

	"k8s.io/client-go/rest"

	suite "github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
)

// The profiles.
const (
	// Pods is the page about pods.
	Pods = suite.Pods
	// Network: addresses, all pairs of nodes, address families, where a pod is
	// reached from.
	Network = suite.Network
	// Lifecycle: start, probes, restarts, exec, logs, attach, port-forward, the end.
	Lifecycle = suite.Lifecycle
	// Restricted is all of it where the Pod Security Standard restricted is enforced.
	Restricted = suite.Restricted
)

// Options say which cluster, and what of the suite. The zero value runs all
// profiles on the cluster of the kubeconfig's current context, in namespaces of the
// suite's own.
type Options struct {
	// Config is the cluster's; where it is nil, Kubeconfig and Context find it as
	// kubectl does: "" are the files of $KUBECONFIG, or ~/.kube/config, and the
	// current context.
	Config     *rest.Config
	Kubeconfig string
	Context    string

	// Profiles are the ones to run; none means all.
	Profiles []string
	// Skip are assertions that are not held against the cluster, by ID, each with
	// the reason; its subtest is skipped.
	Skip map[string]string

	// Namespace is one that exists, in which only what the suite made is removed;
	// "" has each run make one of its own.
	Namespace string
	// Images override the images of the suite's pods by short name: simpleservice,
	// shell. All others are taken from Registry (HOST[:PORT][/PATH]), where it is
	// not "". PullSecret is the name of a Secret, in Namespace, with the registry's
	// credentials.
	Images     map[string]string
	Registry   string
	PullSecret string

	// Timeout bounds the time until the last result; 0 means as long as the test
	// binary has.
	Timeout time.Duration
	// ReportFile is where the ConformanceReport is written, as YAML, or "".
	ReportFile string
	// ArtifactsDir is a folder for the pods, events and logs of what fails, or "":
	// for CI to upload.
	ArtifactsDir string
}
