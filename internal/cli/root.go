package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// Execute runs the command line and returns its exit code.
func Execute(ctx context.Context, streams genericiooptions.IOStreams, args []string) int {
	root, err := newRoot(streams)
	if err != nil {
		fmt.Fprintln(streams.ErrOut, "error:", err)
		return exitCouldNotRun
	}
	root.SetArgs(append([]string{}, args...)) // nil would mean those of the process
	executed, err := root.ExecuteContextC(ctx)
	var exit exitError
	switch {
	case err == nil:
		return exitPassed
	case errors.As(err, &exit):
		return exit.code
	default: // cobra's own: an unknown command or flag, wrong arguments
		fmt.Fprintf(streams.ErrOut, "error: %v\nSee '%s --help'.\n", err, executed.CommandPath())
		return exitUsage
	}
}

// globals are what all commands on a cluster share.
type globals struct {
	clients *run.Clients
	// flags are kubectl's, such as --context and -n.
	flags   *genericclioptions.ConfigFlags
	streams genericiooptions.IOStreams
}

func newRoot(streams genericiooptions.IOStreams) (*cobra.Command, error) {
	g := globals{streams: streams}
	g.clients, g.flags = run.FromFlags("kubectl-kbe/" + clientVersions().ClientVersion.GitVersion)
	root := &cobra.Command{
		Use:   "kubectl-kbe",
		Short: "Run Kubernetes by Example on your cluster and check every claim",
		Long: `Each example is a page of kubectl commands. kubectl kbe runs the commands as
shown on the cluster of your kubeconfig and checks every claim that the page
makes. Each run uses a new namespace and deletes it at the end.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl kbe"},
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			startLog()
			return applyConfig(c)
		},
		Run: func(c *cobra.Command, _ []string) {
			out := c.OutOrStdout()
			fmt.Fprint(out, fold(welcome(c), min(width(out), 80)))
		},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.CompletionOptions.DisableDefaultCmd = true
	g.flags.AddFlags(root.PersistentFlags())
	addLogFlags(root.PersistentFlags())
	addConfigFlag(root.PersistentFlags())
	root.PersistentFlags().Lookup("namespace").Usage = "Existing namespace to run in; by default, the run creates a new one"
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		return nil, err
	}
	var pages []*cobra.Command
	for _, e := range catalogue {
		pages = append(pages, newExampleCommand(e, g))
	}
	addGrouped(root, groupExamples, append(pages, newListCommand(catalogue, streams), newShowCommand(catalogue, streams))...)
	addGrouped(root, groupReachability, newReachCommand(g))
	addGrouped(root, groupConformance, newConformanceCommand(g), newDiffCommand(streams))
	addGrouped(root, groupOwn, newNewCommand(streams), newRunCommand(g), newVerifyCommand(g))
	addGrouped(root, groupHousekeeping, newCleanupCommand(g), newRBACCommand(catalogue, g), newImagesCommand(catalogue, streams),
		newVersionCommand(g), newCompletionCommand(streams), newOptionsCommand(streams))
	helpAsKubectl(root)
	completeGlobals(root, g.flags)
	return root, nil
}
