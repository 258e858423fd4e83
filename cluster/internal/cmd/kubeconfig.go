package cmd

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newKubeconfig(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the administrator's kubeconfig",
		Args:  cobra.NoArgs,
		RunE: run(open, func(_ context.Context, dir state.Dir, _ []string) error {
			if _, err := existing(dir); err != nil {
				return err
			}
			data, err := os.ReadFile(dir.Kubeconfig())
			if err != nil {
				return err
			}
			_, err = os.Stdout.Write(data)
			return err
		}),
	}
}
