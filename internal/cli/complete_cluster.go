package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/completion"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// lookupTime bounds requests to a cluster while someone waits for TAB.
const lookupTime = 1500 * time.Millisecond

// fromCluster completes to names that a cluster holds. It is silent about what
// goes wrong: there is no place to report it.
func fromCluster(find func(ctx context.Context, typed string) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(c.Context(), lookupTime)
		defer cancel()
		// Not all of it ends with a context: a credential plugin does not.
		names, _ := wait.Call(ctx, func() []string { return find(ctx, typed) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// objectNames completes to the names of a resource's objects, as kubectl does.
func objectNames(flags *genericclioptions.ConfigFlags, resource string) cobra.CompletionFunc {
	return fromCluster(func(_ context.Context, typed string) []string {
		return completion.CompGetResource(cmdutil.NewFactory(flags), resource, typed)
	})
}

// podNames completes to one Pod of the Namespace of -n.
func podNames(flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return objectNames(flags, "pods")(c, args, typed)
	}
}

// runIDs completes to the runs that left something.
func runIDs(flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	return fromCluster(func(ctx context.Context, typed string) (ids []string) {
		cfg, err := flags.ToRESTConfig()
		if err != nil {
			return nil
		}
		found, err := session.Find(ctx, cfg, *flags.Namespace)
		if err != nil {
			return nil
		}
		for _, l := range found {
			ids = append(ids, l.Run)
		}
		return startingWith(typed, ids)
	})
}
