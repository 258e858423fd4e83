package kubeconfig

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/pki"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Context is the name of a cluster's context, cluster and user in a kubeconfig.
func Context(cluster string) string { return "kbe-cluster-" + cluster }

// Make returns a kubeconfig that holds one context, with certificates inside.
func Make(context, server string, ca []byte, user pki.Pair) ([]byte, error) {
	return clientcmd.Write(*entry(context, server, ca, user))
}

func entry(context, server string, ca []byte, user pki.Pair) *api.Config {
	c := api.NewConfig()
	c.Clusters[context] = &api.Cluster{Server: server, CertificateAuthorityData: ca}
	c.AuthInfos[context] = &api.AuthInfo{ClientCertificateData: user.Cert, ClientKeyData: user.Key}
	c.Contexts[context] = &api.Context{Cluster: context, AuthInfo: context}
	c.CurrentContext = context
	return c
}

// DefaultPath is the file that kubectl would write to: the first of $KUBECONFIG, or ~/.kube/config.
func DefaultPath() string {
	return clientcmd.NewDefaultPathOptions().GetDefaultFilename()
}

// Plan says what Add will change in the file at path, for Remove to undo.
func Plan(path string) (state.Kubeconfig, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return state.Kubeconfig{}, err
	}
	plan := state.Kubeconfig{Path: path}
	config, err := clientcmd.LoadFromFile(path)
	if os.IsNotExist(err) {
		plan.Created = true
		_, err := os.Stat(filepath.Dir(path))
		plan.MadeFolder = os.IsNotExist(err)
		return plan, nil
	}
	if err != nil {
		return plan, fmt.Errorf("kubeconfig %s: expected YAML as kubectl writes it: %w; repair it, or name another file with --kubeconfig", path, err)
	}
	plan.Previous = config.CurrentContext
	plan.Created = onlyOurs(config)
	return plan, nil
}

// onlyOurs reports that a file holds clusters of kbe-cluster and nothing else: the last of them that is deleted takes the file along,
// whichever made it.
func onlyOurs(c *api.Config) bool {
	for name := range c.Contexts {
		if !strings.HasPrefix(name, Context("")) {
			return false
		}
	}
	return len(c.Contexts) > 0 && len(c.Clusters) == len(c.Contexts) && len(c.AuthInfos) == len(c.Contexts)
}

// Add merges the kubeconfig at source, as Make wrote it, into the user's, and makes its context the current one.
func Add(plan state.Kubeconfig, source string) error {
	add, err := clientcmd.LoadFromFile(source)
	if err != nil {
		return err
	}
	return modify(plan.Path, func(c *api.Config) {
		for name := range add.Contexts {
			// ModifyConfig writes an entry back to the file that it came from, which would be source.
			add.Clusters[name].LocationOfOrigin = ""
			add.AuthInfos[name].LocationOfOrigin = ""
			add.Contexts[name].LocationOfOrigin = ""
			c.Clusters[name], c.AuthInfos[name], c.Contexts[name] = add.Clusters[name], add.AuthInfos[name], add.Contexts[name]
		}
		c.CurrentContext = add.CurrentContext
	})
}

// Remove takes the context out again. The context that was current before is current again when it still exists; a
// file that Add made and that is now empty disappears, with the folder that was made for it.
func Remove(plan state.Kubeconfig, context string) error {
	if _, err := os.Stat(plan.Path); os.IsNotExist(err) {
		return nil
	}
	empty := false
	err := modify(plan.Path, func(c *api.Config) {
		delete(c.Clusters, context)
		delete(c.AuthInfos, context)
		delete(c.Contexts, context)
		if c.CurrentContext == context {
			c.CurrentContext = ""
			if _, ok := c.Contexts[plan.Previous]; ok {
				c.CurrentContext = plan.Previous
			}
		}
		empty = len(c.Clusters)+len(c.AuthInfos)+len(c.Contexts) == 0
	})
	if err != nil || !empty || !plan.Created {
		return err
	}
	if err := os.Remove(plan.Path); err != nil {
		return err
	}
	if plan.MadeFolder {
		_ = os.Remove(filepath.Dir(plan.Path)) // refused when something else is in it by now, such as kubectl's cache
	}
	return nil
}

// modify changes one file under kubectl's own lock, so that a kubectl that writes it at the same time is not undone.
func modify(path string, change func(*api.Config)) error {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: path}
	access := &clientcmd.PathOptions{GlobalFile: path, LoadingRules: rules}
	config, err := access.GetStartingConfig()
	if err == nil {
		change(config)
		err = clientcmd.ModifyConfig(access, *config, true)
	}
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w; name another file with --kubeconfig", path, err)
	}
	return os.Chmod(path, 0o600) // it holds the administrator's key now
}
