package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Existing writes a kubeconfig file that holds one context of the user's, which it must
// name: no test runs on a cluster that happens to be the current one. There is
// nothing to destroy.
func Existing(context, file string) error {
	raw, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	if err != nil {
		return err
	}
	known := strings.Join(slices.Sorted(maps.Keys(raw.Contexts)), ", ")
	if context == "" {
		return fmt.Errorf("--cluster=existing needs --context NAME, one of: %s", known)
	}
	if raw.Contexts[context] == nil {
		return fmt.Errorf("--context %s: the kubeconfig has no such context; it has: %s", context, known)
	}
	raw.CurrentContext = context
	if err := api.MinifyConfig(raw); err != nil {
		return err
	}
	return clientcmd.WriteToFile(*raw, file)
}
