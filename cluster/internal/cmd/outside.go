package cmd

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/outside"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newOutside(open opener) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "outside [--] COMMAND [ARGUMENT…]",
		Short: "Run a command where only the API server can be reached, as from a laptop",
		Long: "outside runs a command in a network namespace that has only a loopback interface. The address of the API server\n" +
			"answers there; nothing else does. All else is as usual: environment, files, terminal, signals, exit code.",
		Example: "  kbe-cluster outside -- kubectl get nodes",
		Args:    cobra.MinimumNArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			path, err = exec.LookPath(args[0])
			return err
		},
		RunE: run(open, func(_ context.Context, dir state.Dir, args []string) error {
			cluster, err := existing(dir)
			if err != nil {
				return err
			}
			server, err := url.Parse(cluster.Server)
			if err != nil {
				return fmt.Errorf("address of the API server of cluster %s: %w", cluster.Name, err)
			}
			return outside.Run(server.Host, path, args)
		}),
	}
	c.Flags().SetInterspersed(false) // flags after the first word are the command's
	return c
}

// newRelay is what `outside` starts in the background. It is no command for people.
func newRelay() *cobra.Command {
	return &cobra.Command{
		Use:    outside.RelayCommand + " ADDRESS",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := outside.Relay(args[0]); err != nil {
				return failure{err}
			}
			return nil
		},
	}
}
