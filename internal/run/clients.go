package run

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // the auth providers that kubectl has: oidc, and the names of those that were removed
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// Requests per second, and at once, that a client makes at most.
const (
	queriesPerSecond = 50
	burst            = 100
	discoveryBurst   = 300
)

// Clients are how a run reaches its cluster. Their requests outlive an API server that
// restarts or turns requests away. One without a Retrier of FromFlags or FromConfig makes
// its requests once.
type Clients struct {
	genericclioptions.RESTClientGetter
	retrier session.Retrier
}

// FromFlags returns Clients for the cluster that kubectl's flags name, and flags for
// which no cluster is known yet.
func FromFlags(userAgent string) (*Clients, *genericclioptions.ConfigFlags) {
	flags := genericclioptions.NewConfigFlags(true).WithDiscoveryBurst(discoveryBurst).WithDiscoveryQPS(queriesPerSecond)
	c := &Clients{RESTClientGetter: flags}
	flags.WrapConfigFn = func(cfg *rest.Config) *rest.Config { return c.prepare(cfg, userAgent) }
	return c, flags
}

// FromConfig returns Clients for the cluster of a REST config, whatever kubeconfig there is.
func FromConfig(cfg *rest.Config, userAgent string) *Clients {
	c, flags := FromFlags(userAgent)
	none := os.DevNull
	flags.KubeConfig, flags.APIServer = &none, &cfg.Host
	flags.WrapConfigFn = func(*rest.Config) *rest.Config { return c.prepare(rest.CopyConfig(cfg), userAgent) }
	return c
}

func (c *Clients) prepare(cfg *rest.Config, userAgent string) *rest.Config {
	cfg.UserAgent = userAgent
	cfg.QPS, cfg.Burst = queriesPerSecond, burst
	c.retrier.Wrap(cfg)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return noRedirects{next} })
	return cfg
}

// noRedirects hides where an answer redirects to, if that is another host: what a Pod answers
// through the API server's proxy may lead anywhere, and a client follows with the user's credentials.
type noRedirects struct{ next http.RoundTripper }

func (t noRedirects) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if to, err := req.URL.Parse(resp.Header.Get("Location")); err != nil || to.Scheme != req.URL.Scheme || to.Host != req.URL.Host {
		resp.Header.Del("Location")
	}
	return resp, nil
}

// WrappedRoundTripper is for client-go, which looks for the connection's TLS state.
func (t noRedirects) WrappedRoundTripper() http.RoundTripper { return t.next }

// Context names the kubeconfig's context in use, or is "".
func (c *Clients) Context() string {
	if flags, ok := c.RESTClientGetter.(*genericclioptions.ConfigFlags); ok && flags.Context != nil && *flags.Context != "" {
		return *flags.Context
	}
	raw, err := c.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return ""
	}
	return raw.CurrentContext
}

// Connection is what the kubeconfig says of the way to the API server, for a diagnosis:
// as much as can be read.
func (c *Clients) Connection() diagnose.Connection {
	loader := c.ToRawKubeConfigLoader()
	connection := diagnose.Connection{File: strings.Join(loader.ConfigAccess().GetLoadingPrecedence(), ", ")}
	if raw, err := loader.RawConfig(); err == nil {
		connection.Contexts = slices.Sorted(maps.Keys(raw.Contexts))
		if current := raw.Contexts[c.Context()]; current != nil && raw.Clusters[current.Cluster] != nil {
			cluster := raw.Clusters[current.Cluster]
			connection.Proxy, connection.ProxyFile = cluster.ProxyURL, cluster.LocationOfOrigin
		}
	}
	if cfg, err := c.ToRESTConfig(); err == nil {
		connection.Host = cfg.Host
	}
	return connection
}
