package conformance

import (
	"errors"

	suite "github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
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

// Options say which cluster (Config, or Kubeconfig and Context), what of the suite
// (Profiles, Skip), where and with which images (Namespace, Images, Registry, PullSecret,
// WithSidecars), for how long (Timeout), and what to keep (ReportFile, ArtifactsDir). The zero
// value runs all profiles on the cluster of the kubeconfig's current context, in namespaces
// of the suite's own.
type Options = suite.Options

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
