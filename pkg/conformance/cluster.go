package conformance

import (
	"errors"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// getterOf finds the cluster of the options.
func getterOf(o Options) (genericclioptions.RESTClientGetter, error) {
	switch {
	case o.Config == nil:
		flags := genericclioptions.NewConfigFlags(true).WithDiscoveryBurst(300).WithDiscoveryQPS(50)
		flags.KubeConfig, flags.Context, flags.WrapConfigFn = &o.Kubeconfig, &o.Context, prepare
		return flags, nil
	case o.Kubeconfig != "" || o.Context != "":
		return nil, errors.New("conformance.Options: expected Config, or Kubeconfig and Context; found both")
	default:
		cfg := prepare(rest.CopyConfig(o.Config))
		client, err := discovery.NewDiscoveryClientForConfig(cfg)
		if err != nil {
			return nil, err
		}
		return configured{cfg, memory.NewMemCacheClient(client)}, nil
	}
}

// prepare makes a config as the suite uses it.
func prepare(cfg *rest.Config) *rest.Config {
	cfg.UserAgent = "kubectl-kbe-conformance/" + version()
	cfg.QPS, cfg.Burst = 50, 100
	(&session.Retrier{}).Wrap(cfg)
	return cfg
}

// configured is a cluster that a REST config describes, and no kubeconfig.
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

// ToRawKubeConfigLoader holds only the address: kubectl reads the namespace from it,
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
