package cmd

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/parts"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
)

func newUpstream() *cobra.Command {
	var kubernetes string
	c := &cobra.Command{
		Use:   "upstream",
		Short: "Build the e2e tests of Kubernetes itself, and print their folder",
		Long: "Build the e2e tests of Kubernetes itself, ginkgo, and the images that its conformance specs use. Prints the\n" +
			"folder of e2e.test and ginkgo, then the path of each image's archive, for `kbe-cluster load`.",
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return chooseVersion(&kubernetes)
		},
		RunE: func(c *cobra.Command, _ []string) error {
			bin, archives, err := buildUpstream(c.Context(), kubernetes, progress.New(os.Stderr))
			if err != nil {
				return failure{err}
			}
			fmt.Println(bin)
			for _, archive := range archives {
				fmt.Println(archive)
			}
			return nil
		},
	}
	kubernetesFlag(c, &kubernetes)
	return c
}

func buildUpstream(ctx context.Context, kubernetes string, p *progress.Printer) (bin string, archives []string, err error) {
	if bin, err = parts.EnsureUpstream(ctx, kubernetes, p); err != nil {
		return "", nil, err
	}
	cache, err := parts.CacheDir()
	if err != nil {
		return "", nil, err
	}
	archives, err = image.BuildUpstream(ctx, cache, bin, p.Live)
	return bin, archives, err
}
