package conformance

import (
	"errors"
	"time"

	"k8s.io/client-go/rest"

	suite "github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// The profiles.
const (
	// Pods is the page about pods.
	Pods = suite.Pods
	// Network: addresses, all pairs of nodes, address families, where a pod is
	// reachable from.
	Network = suite.Network
	// Lifecycle: start, probes, restarts, exec, logs, attach, port-forward, the end.
	Lifecycle = suite.Lifecycle
	// Restricted is all of it where the Pod Security Standard restricted is enforced.
	Restricted = suite.Restricted
)

// Options say which cluster, and what of the suite. The zero value runs all profiles on the
// cluster of the kubeconfig's current context, in namespaces of the suite's own.
type Options struct {
	// Config is the cluster's; where it is nil, Kubeconfig and Context find it as
	// kubectl does: "" are the files of $KUBECONFIG, or ~/.kube/config, and the
	// current context.
	Config     *rest.Config
	Kubeconfig string
	Context    string

	// Profiles are the ones to run; none means all.
	Profiles []string
	// Skip are the checks, by ID, that do not count, each with the reason; its subtest
	// is skipped.
	Skip map[string]string

	// Namespace is an existing one, in which only what the suite made is removed;
	// "" has each run make one of its own.
	Namespace string
	// Images override the images of the suite's pods by short name: simpleservice,
	// shell. All others are taken from Registry (HOST[:PORT][/PATH]), where it is
	// not "". PullSecret is the name of a Secret, in Namespace, with the registry's
	// credentials.
	Images     map[string]string
	Registry   string
	PullSecret string
	// WithSidecars lets service meshes add their sidecars to the suite's pods, which decline
	// them otherwise.
	WithSidecars bool

	// Timeout bounds the time until the last result, excluding cleanup; 0 means as long as
	// the test binary has.
	Timeout time.Duration
	// ReportFile is where the ConformanceReport is written, as YAML, or "".
	ReportFile string
	// ArtifactsDir is a folder for the pods, events and logs of what fails, or "":
	// for CI to upload.
	ArtifactsDir string
}

// suite are the options for the suite itself.
func (o Options) suite() suite.Options {
	return suite.Options{Profiles: o.Profiles, Skip: o.Skip, Options: run.Options{
		Options:   session.Options{WithSidecars: o.WithSidecars, Timeout: o.Timeout},
		Namespace: o.Namespace, Images: o.Images, Registry: o.Registry, PullSecret: o.PullSecret, Dump: o.ArtifactsDir,
	}}
}

// clientsOf are those of the cluster that the options name.
func clientsOf(o Options) (*run.Clients, error) {
	userAgent := "kubectl-kbe-conformance/" + version()
	switch {
	case o.Config == nil:
		clients, flags := run.FromFlags(userAgent)
		flags.KubeConfig, flags.Context = &o.Kubeconfig, &o.Context
		return clients, nil
	case o.Kubeconfig != "" || o.Context != "":
		return nil, errors.New("conformance.Options: expected Config, or Kubeconfig and Context; found both")
	default:
		return run.FromConfig(o.Config, userAgent), nil
	}
}
