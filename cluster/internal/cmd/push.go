package cmd

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newPush(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "push ARCHIVE REF",
		Short: "Push an image archive to the cluster's registry",
		Long: "push pushes a Docker or OCI archive of one image, or the folder of an OCI layout, to the cluster's registry. Nodes pull\n" +
			"it as REF, whose registry must be one of " + strings.Join(registry.Mirrored, ", ") + ".",
		Example: "  kbe-cluster push busybox.tar docker.io/library/busybox:1.37",
		Args:    cobra.ExactArgs(2),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			if _, err := running(ctx, dir); err != nil {
				return err
			}
			begin := time.Now()
			if err := registry.Push(ctx, dir.RegistrySocket(), args[0], args[1]); err != nil {
				return err
			}
			progress.New(os.Stderr).Line("pushed %s as %s in %.1fs", args[0], args[1], time.Since(begin).Seconds())
			return nil
		}),
	}
}
