package kubectl

import (
	"io"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// namespaced is the user's RESTClientGetter, held to one Namespace. Discovery
// and the REST mapper are the user's, so that commands share them.
type namespaced struct {
	genericclioptions.RESTClientGetter
	namespace string
	wrap      func(*rest.Config)
	warnings  io.Writer
}

// warningTo returns a copy whose clients write the API server's warnings to w:
// kubectl's default is a global handler, which would mix those of two commands.
func (g *namespaced) warningTo(w io.Writer) *namespaced {
	dup := *g
	dup.warnings = w
	return &dup
}

func (g *namespaced) ToRESTConfig() (*rest.Config, error) {
	cfg, err := g.RESTClientGetter.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(LimitBodies)
	if g.wrap != nil {
		g.wrap(cfg)
	}
	if g.warnings != nil {
		cfg.WarningHandler = rest.NewWarningWriter(g.warnings, rest.WarningWriterOptions{Deduplicate: true})
	}
	return cfg, nil
}

func (g *namespaced) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return fixedNamespace{g.RESTClientGetter.ToRawKubeConfigLoader(), g.namespace}
}

// loader has its own name because ClientConfig is also a method of it.
type loader = clientcmd.ClientConfig

type fixedNamespace struct {
	loader
	namespace string
}

// Namespace reports the Namespace as given explicitly, so that kubectl refuses
// an object of another one.
func (f fixedNamespace) Namespace() (string, bool, error) { return f.namespace, true, nil }
