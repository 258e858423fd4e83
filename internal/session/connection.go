package session

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
)

// ConnectionOf reads what the kubeconfig says of the way to the API server, for a
// diagnosis. It holds as much as can be read.
func ConnectionOf(getter genericclioptions.RESTClientGetter) diagnose.Connection {
	loader := getter.ToRawKubeConfigLoader()
	c := diagnose.Connection{File: strings.Join(loader.ConfigAccess().GetLoadingPrecedence(), ", ")}
	if raw, err := loader.RawConfig(); err == nil {
		c.Contexts = slices.Sorted(maps.Keys(raw.Contexts))
	}
	if cfg, err := getter.ToRESTConfig(); err == nil {
		c.Host = cfg.Host
	}
	return c
}
