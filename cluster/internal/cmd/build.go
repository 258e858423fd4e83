package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/launch"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/parts"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
)

func newBuild() *cobra.Command {
	var kubernetes string
	c := &cobra.Command{
		Use:   "build",
		Short: "Build the parts and the images, as up does where they are missing, and print the folder of the parts",
		Args:  cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return chooseVersion(&kubernetes)
		},
		RunE: func(c *cobra.Command, _ []string) error {
			built, err := launch.Build(c.Context(), kubernetes, progress.New(os.Stderr))
			if err != nil {
				return failure{err}
			}
			fmt.Println(built.Bin)
			return nil
		},
	}
	kubernetesFlag(c, &kubernetes)
	return c
}

// kubernetesFlag adds --kubernetes, for chooseVersion to complete.
func kubernetesFlag(c *cobra.Command, kubernetes *string) {
	c.Flags().StringVar(kubernetes, "kubernetes", parts.Versions()[0], "version of Kubernetes, or its minor: "+strings.Join(parts.Versions(), ", "))
}

// chooseVersion completes what --kubernetes was given.
func chooseVersion(kubernetes *string) (err error) {
	if *kubernetes, err = parts.Version(*kubernetes); err != nil {
		return fmt.Errorf("--kubernetes %w", err)
	}
	return nil
}
