package cmd

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/fault"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

func newLoad(open opener) *cobra.Command {
	var nodes []string
	c := &cobra.Command{
		Use:   "load ARCHIVE",
		Short: "Load a Docker or OCI image archive into every node, or into those of --node",
		Args:  cobra.ExactArgs(1),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			cluster, err := running(ctx, dir)
			if err != nil {
				return err
			}
			if _, err := os.Stat(args[0]); err != nil {
				return fmt.Errorf("image archive: %w", err)
			}
			for _, node := range nodes {
				if err := cluster.CheckNode(node); err != nil {
					return usage{err}
				}
			}
			if len(nodes) == 0 {
				nodes = cluster.Nodes
			}
			begin := time.Now()
			err = each(ctx, nodes, func(ctx context.Context, _ int, node string) error {
				return image.Load(ctx, cluster.Bin, dir.HostSocket(node), args[0])
			})
			if err != nil {
				return err
			}
			progress.New(os.Stderr).Line("loaded %s into %s in %.1fs", args[0], progress.Count(len(nodes), "node"), time.Since(begin).Seconds())
			return nil
		}),
	}
	c.Flags().StringSliceVar(&nodes, "node", nil, "load into this node only; several with commas")
	return c
}

// running returns the cluster, or an error that says what to do when it is not up, or when a node is powered off or paused:
// its containerd would never respond.
func running(ctx context.Context, dir state.Dir) (state.Cluster, error) {
	cluster, err := existing(dir)
	if err != nil {
		return cluster, err
	}
	if process, err := dir.Supervisor(); err != nil || !process.Alive() {
		return cluster, fmt.Errorf("cluster %s: %s", dir.Name(), supervisorGone(dir))
	}
	faults, err := supervisor.Faults(ctx, dir)
	if err != nil {
		return cluster, err
	}
	for _, f := range faults {
		if f.Kind().Slot == fault.Power {
			return cluster, fmt.Errorf("%s; %s", f.State(), undoing(dir.Name(), f))
		}
	}
	return cluster, nil
}

func supervisorGone(dir state.Dir) string {
	return fmt.Sprintf("its supervisor is gone, and most components with it; `kbe-cluster up --name %[1]s` starts it again, `kbe-cluster down --name %[1]s` removes what is left", dir.Name())
}
