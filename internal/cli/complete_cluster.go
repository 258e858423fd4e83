package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/completion"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// lookupTime bounds requests to a cluster while someone waits for TAB.
const lookupTime = 1500 * time.Millisecond

// objectNames completes to the names of a resource's objects, as kubectl does. It is
// silent about what goes wrong: there is no place to report it.
func objectNames(flags *genericclioptions.ConfigFlags, resource string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(c.Context(), lookupTime)
		defer cancel()
		// It does not end with a context.
		names, _ := wait.Call(ctx, func() []string { return completion.CompGetResource(cmdutil.NewFactory(flags), resource, typed) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// contexts completes to the contexts of the kubeconfig.
func contexts(flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		completion.SetFactoryForCompletion(cmdutil.NewFactory(flags))
		return completion.ListContextsInConfig(typed), cobra.ShellCompDirectiveNoFileComp
	}
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
