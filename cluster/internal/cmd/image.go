package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/parts"
)

func newImage() *cobra.Command {
	var version string
	c := &cobra.Command{
		Use:   "image REF --version VERSION",
		Short: "Build the stand-in of simpleservice under another reference, and print the path of its archive",
		Long: "Build the stand-in of simpleservice under another reference, with another version in its answers, and print the\n" +
			"path of its archive, for `kbe-cluster load`. It breaks a claim on purpose: to see what a failed one looks like.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cache, err := parts.CacheDir()
			if err != nil {
				return failure{err}
			}
			archive, err := image.BuildVariant(c.Context(), cache, args[0], version)
			if err != nil {
				return failure{err}
			}
			fmt.Println(archive)
			return nil
		},
	}
	c.Flags().StringVar(&version, "version", "0.4.0", "version that the service answers")
	return c
}
