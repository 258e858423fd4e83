package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

// readyBudget is how long a node that was started may take to become Ready.
const readyBudget = time.Minute

func newNode(open opener) *cobra.Command {
	c := &cobra.Command{
		Use:   "node",
		Short: "Stop, start, pause and resume a node",
		Long: "node has a node fail as machines do. Whether it is stopped or paused, it answers nothing, not even with a refusal;\n" +
			"the cluster finds out after the usual grace period of 50 s.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return fmt.Errorf("node: expected stop, start, pause or resume") },
	}
	c.AddCommand(
		power(open, "stop", "Cut a node's power: all its processes are gone, its disk stays", "Stop", "%s is stopped"),
		power(open, "pause", "Freeze all processes of a node, as when a virtual machine is suspended", "Pause", "%s is paused"),
		power(open, "resume", "Let a paused node go on", "Resume", "%s runs"),
		newNodeStart(open))
	return c
}

func power(open opener, use, short, method, now string) *cobra.Command {
	return &cobra.Command{
		Use:   use + " NODE",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			if err := nodeOf(dir, args[0]); err != nil {
				return err
			}
			return ask(ctx, dir, method, args[0], fmt.Sprintf(now, args[0]))
		}),
	}
}

func newNodeStart(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "start NODE",
		Short: "Boot a stopped node, and wait until it is Ready",
		Args:  cobra.ExactArgs(1),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			name, begin := args[0], time.Now()
			if err := nodeOf(dir, name); err != nil {
				return err
			}
			changed, err := supervisor.Ask(ctx, dir, "Start", name)
			if err != nil {
				return err
			}
			if changed {
				err = waitBooted(ctx, dir, name, begin)
			}
			if err == nil {
				tell(dir, name+" runs", changed)
			}
			return err
		}),
	}
}

func waitBooted(ctx context.Context, dir state.Dir, name string, begin time.Time) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyBudget, fmt.Errorf("not within %s", readyBudget))
	defer cancel()
	if err := supervisor.WaitBooted(ctx, dir.Kubeconfig(), name, begin); err != nil {
		return fmt.Errorf("%s runs, but did not become Ready: %w; see `kbe-cluster logs --name %s %[1]s/kubelet`", name, err, dir.Name())
	}
	return nil
}

// nodeOf returns an error when the cluster, or the node in it, does not exist.
func nodeOf(dir state.Dir, name string) error {
	cluster, err := existing(dir)
	if err != nil {
		return err
	}
	return known(cluster, name)
}
