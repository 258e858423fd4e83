package cmd

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/fault"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

// readyBudget is how long a node that boots may take to become Ready.
const readyBudget = time.Minute

func newFault(open opener) *cobra.Command {
	c := &cobra.Command{
		Use:   "fault",
		Short: "Break a cluster on purpose: set faults, and clear them",
		Long: "fault breaks a cluster on purpose, and repairs it. Faults add up, and can be cleared in any order; `kbe-cluster status`\n" +
			"lists those that are set, and `kbe-cluster down` clears all.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return fmt.Errorf("fault: expected set or clear") },
	}
	set := &cobra.Command{
		Use:   "set",
		Short: "Set a fault",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return fmt.Errorf("fault set: expected the name of a fault") },
	}
	for _, k := range fault.Kinds() {
		set.AddCommand(newFaultSet(open, k))
	}
	c.AddCommand(set, newFaultClear(open))
	return c
}

func newFaultSet(open opener, k fault.Kind) *cobra.Command {
	use := k.Name
	for _, p := range k.Params {
		use += " " + p.Name
	}
	return &cobra.Command{
		Use:     use,
		Short:   k.Short,
		Long:    k.Long,
		Example: "  kbe-cluster fault set " + k.Name + " " + k.Example,
		Args:    cobra.ExactArgs(len(k.Params)),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			cluster, err := existing(dir)
			if err != nil {
				return err
			}
			f, err := fault.New(cluster, k, args)
			if err != nil {
				return usage{err}
			}
			changed, err := supervisor.SetFaults(ctx, dir, fault.Change{Fault: f})
			if err != nil {
				return err
			}
			now := f.State()
			if len(changed) == 0 {
				now += " already"
			}
			progress.New(os.Stderr).Line("cluster %s: %s", dir.Name(), now)
			return nil
		}),
	}
}

func newFaultClear(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "clear [FAULT [ARGUMENT…]]",
		Short: "Clear one fault, all faults of a kind or with an argument, or all faults",
		Long: "clear undoes the faults that have the name and all of the arguments. A node that was powered off boots; clear waits\n" +
			"until it is Ready.",
		Example: "  kbe-cluster fault clear partition node-1 node-2\n" +
			"  kbe-cluster fault clear partition node-1   # from all other nodes\n" +
			"  kbe-cluster fault clear deny               # all addresses\n" +
			"  kbe-cluster fault clear                    # all faults",
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			cluster, err := existing(dir)
			if err != nil {
				return err
			}
			pattern, err := fault.Pattern(cluster, args)
			if err != nil {
				return usage{err}
			}
			begin, p := time.Now(), progress.New(os.Stderr)
			cleared, err := supervisor.SetFaults(ctx, dir, fault.Change{Fault: pattern, Clear: true})
			if err != nil {
				return err
			}
			for _, f := range cleared {
				if f.Kind().Reboots {
					if err := waitBooted(ctx, dir, f.Args[0], begin); err != nil {
						return err
					}
				}
				p.Line("cluster %s: cleared %s", dir.Name(), f)
			}
			if len(cleared) == 0 {
				p.Line("cluster %s: no such fault is set, nothing to clear", dir.Name())
			}
			return nil
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

// undoing says which command clears a fault.
func undoing(cluster string, f fault.Fault) string {
	return fmt.Sprintf("`kbe-cluster fault clear --name %s %s` undoes it", cluster, f)
}
