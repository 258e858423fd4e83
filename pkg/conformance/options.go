package conformance

import (
	suite "github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
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
