package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// lookupTime bounds what a cluster is asked for while somebody waits for TAB.
const lookupTime = 1500 * time.Millisecond

// fromCluster completes to names that a cluster holds. It is silent about what
// goes wrong: there is no place to tell it.
func fromCluster(flags *genericclioptions.ConfigFlags, find func(context.Context, *rest.Config) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(c.Context(), lookupTime)
		defer cancel()
		found := make(chan []string, 1)
		// Not all of it ends with a context: a credential plugin does not.
		go func() {
			cfg, err := flags.ToRESTConfig()
			if err != nil {
				found <- nil
				return
			}
			cfg = rest.CopyConfig(cfg)
			cfg.Timeout, cfg.WarningHandler = lookupTime, rest.NoWarnings{}
			found <- find(ctx, cfg)
		}()
		select {
		case names := <-found:
			return startingWith(typed, names), cobra.ShellCompDirectiveNoFileComp
		case <-ctx.Done():
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

func namespaces(flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	return fromCluster(flags, func(ctx context.Context, cfg *rest.Config) (names []string) {
		client, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			return nil
		}
		if list, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{}); err == nil {
			for i := range list.Items {
				names = append(names, list.Items[i].Name)
			}
		}
		return names
	})
}

// podNames completes to one Pod of the Namespace of -n.
func podNames(flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	find := fromCluster(flags, func(ctx context.Context, cfg *rest.Config) (names []string) {
		namespace, _, err := flags.ToRawKubeConfigLoader().Namespace()
		if err != nil {
			return nil
		}
		client, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			return nil
		}
		if list, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{}); err == nil {
			for i := range list.Items {
				names = append(names, list.Items[i].Name)
			}
		}
		return names
	})
	return func(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return find(c, args, typed)
	}
}

// runIDs completes to the runs that have left something.
func runIDs(flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	return fromCluster(flags, func(ctx context.Context, cfg *rest.Config) (ids []string) {
		found, err := session.Find(ctx, cfg, *flags.Namespace)
		if err != nil {
			return nil
		}
		for _, l := range found {
			ids = append(ids, l.Run)
		}
		return ids
	})
}
