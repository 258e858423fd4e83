package cmd

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/launch"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
)

func newBuild() *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Build the parts and the images, as up does where they are missing, and print the folder of the parts",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			bin, _, err := launch.Build(c.Context(), progress.New(os.Stderr))
			if err != nil {
				return failure{err}
			}
			fmt.Println(bin)
			return nil
		},
	}
}
