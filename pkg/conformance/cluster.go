package conformance

import (
	"errors"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

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
		return run.FromConfig(o.Config, userAgent)
	}
}
