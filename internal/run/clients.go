package run

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // the auth providers that kubectl has: oidc, and the names of those that were removed
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

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

// FromConfig returns Clients for the cluster of a REST config. The error is that of a
// config which names none.
func FromConfig(cfg *rest.Config, userAgent string) (*Clients, error) {
	c := &Clients{}
	cfg = c.prepare(rest.CopyConfig(cfg), userAgent)
	client, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, err
	}
	c.RESTClientGetter = configured{cfg, memory.NewMemCacheClient(client)}
	return c, nil
}

func (c *Clients) prepare(cfg *rest.Config, userAgent string) *rest.Config {
	cfg.UserAgent = userAgent
	cfg.QPS, cfg.Burst = queriesPerSecond, burst
	c.retrier.Wrap(cfg)
	return cfg
}

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

// configured is a cluster that a REST config names, and no kubeconfig.
type configured struct {
	config    *rest.Config
	discovery discovery.CachedDiscoveryInterface
}

func (c configured) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(c.config), nil }

func (c configured) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return c.discovery, nil
}

func (c configured) ToRESTMapper() (meta.RESTMapper, error) {
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(c.discovery)
	return restmapper.NewShortcutExpander(mapper, c.discovery, nil), nil
}

// ToRawKubeConfigLoader holds the address alone: kubectl reads the namespace from it,
// and connects with the config.
func (c configured) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	const name = "config"
	return clientcmd.NewDefaultClientConfig(api.Config{
		Clusters:       map[string]*api.Cluster{name: {Server: c.config.Host}},
		AuthInfos:      map[string]*api.AuthInfo{name: {}},
		Contexts:       map[string]*api.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}, &clientcmd.ConfigOverrides{})
}
