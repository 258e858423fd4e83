package cmd

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/teardown"
)

func newDown(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Remove a cluster, in whatever state it is, and its context from the kubeconfig",
		Args:  cobra.NoArgs,
		RunE: run(open, func(ctx context.Context, dir state.Dir, _ []string) error {
			return down(ctx, dir, progress.New(os.Stderr))
		}),
	}
}

func down(ctx context.Context, dir state.Dir, p *progress.Printer) error {
	unlock, err := dir.Lock(ctx, func() { p.Line("waiting for another kbe-cluster that works on cluster %s", dir.Name()) })
	if err != nil {
		return err
	}
	defer unlock()
	found, err := teardown.Found(dir)
	if err != nil {
		return err
	}
	if !found {
		p.Line("cluster %s: nothing to remove", dir.Name())
		return nil
	}
	begin := time.Now()
	if err := teardown.Remove(ctx, dir); err != nil {
		return fmt.Errorf("remove cluster %s: %w; run `kbe-cluster down --name %s` again", dir.Name(), err, dir.Name())
	}
	p.Line("cluster %s removed in %.1fs", dir.Name(), time.Since(begin).Seconds())
	return nil
}
