package cmd

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

func newLoad(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "load ARCHIVE",
		Short: "Load a Docker or OCI image archive into every node",
		Args:  cobra.ExactArgs(1),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			cluster, err := existing(dir)
			if err != nil {
				return err
			}
			if _, err := os.Stat(args[0]); err != nil {
				return fmt.Errorf("image archive: %w", err)
			}
			if err := allRun(dir); err != nil {
				return err
			}
			begin := time.Now()
			work, ctx := errgroup.WithContext(ctx)
			for _, node := range cluster.Nodes {
				work.Go(func() error {
					if err := supervisor.Load(ctx, cluster.Bin, dir.HostSocket(node), args[0]); err != nil {
						return fmt.Errorf("%s: %w", node, err)
					}
					return nil
				})
			}
			if err := work.Wait(); err != nil {
				return err
			}
			progress.New(os.Stderr).Line("loaded %s into %s in %.1fs", args[0], progress.Count(len(cluster.Nodes), "node"), time.Since(begin).Seconds())
			return nil
		}),
	}
}

// allRun returns an error when a node is stopped, or paused: its containerd would let us wait for ever.
func allRun(dir state.Dir) error {
	faults, err := dir.Faults()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(faults.Halted)) {
		return fmt.Errorf("%s: expected it to run, found it %s; see `kbe-cluster status --name %s`", name, faults.Halted[name], dir.Name())
	}
	return nil
}
