package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

func newPartition(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "partition NODE NODE",
		Short: "Cut two nodes and their pods off from each other",
		Long: "partition loses every packet between two nodes and their pods, in both directions, without a word: callers time out.\n" +
			"The API server still reaches both, and other nodes notice nothing.",
		Args: cobra.ExactArgs(2),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			pair, err := pairOf(dir, args)
			if err != nil {
				return err
			}
			return ask(ctx, dir, "Partition", pair, fmt.Sprintf("%s and %s are cut off from each other", pair[0], pair[1]))
		}),
	}
}

func newHeal(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "heal [NODE NODE]",
		Short: "Undo partition; without nodes, all of them",
		Args:  noneOr(cobra.ExactArgs(2)),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			if len(args) == 0 {
				return ask(ctx, dir, "Heal", state.Pair{}, "no node is cut off from another")
			}
			pair, err := pairOf(dir, args)
			if err != nil {
				return err
			}
			return ask(ctx, dir, "Heal", pair, fmt.Sprintf("%s and %s reach each other", pair[0], pair[1]))
		}),
	}
}

func newDeny(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "deny ADDRESS",
		Short: "Keep everybody from a pod's address, as a NetworkPolicy without ingress rules does",
		Long: "deny loses every packet that pods, other nodes and the API server send to a pod's address, without a word: callers\n" +
			"time out, connections that are open included. As with NetworkPolicies, the pod reaches itself, its own node reaches\n" +
			"it (so probes, exec, logs and port-forward work), and answers to what the pod asked others arrive.",
		Args: cobra.ExactArgs(1),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			address, err := podAddress(dir, args[0])
			if err != nil {
				return err
			}
			return ask(ctx, dir, "Deny", address, address.String()+" is denied to all but its own node")
		}),
	}
}

func newAllow(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "allow [ADDRESS]",
		Short: "Undo deny; without an address, all of them",
		Args:  noneOr(cobra.ExactArgs(1)),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			if len(args) == 0 {
				return ask(ctx, dir, "Allow", netip.Addr{}, "no address is denied")
			}
			address, err := podAddress(dir, args[0])
			if err != nil {
				return err
			}
			return ask(ctx, dir, "Allow", address, address.String()+" is allowed to all")
		}),
	}
}

// noneOr accepts no arguments besides those that some accepts.
func noneOr(some cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return some(c, args)
	}
}

// ask has the supervisor do something, and says how it is now.
func ask(ctx context.Context, dir state.Dir, method string, argument any, now string) error {
	changed, err := supervisor.Ask(ctx, dir, method, argument)
	if err == nil {
		tell(dir, now, changed)
	}
	return err
}

// tell says how it is now, and whether it was so before.
func tell(dir state.Dir, now string, changed bool) {
	if !changed {
		now += "; it was so already"
	}
	progress.New(os.Stderr).Line("cluster %s: %s", dir.Name(), now)
}

// pairOf checks the names of two nodes.
func pairOf(dir state.Dir, names []string) (state.Pair, error) {
	cluster, err := existing(dir)
	if err != nil {
		return state.Pair{}, err
	}
	for _, name := range names {
		if err := known(cluster, name); err != nil {
			return state.Pair{}, err
		}
	}
	if names[0] == names[1] {
		return state.Pair{}, usage{fmt.Errorf("expected two nodes, found %s twice", names[0])}
	}
	return state.PairOf(names[0], names[1]), nil
}

// known returns an error when the cluster has no such node.
func known(cluster state.Cluster, node string) error {
	if slices.Contains(cluster.Nodes, node) {
		return nil
	}
	return usage{fmt.Errorf("node %q: not found in cluster %s; expected one of %s", node, cluster.Name, strings.Join(cluster.Nodes, ", "))}
}

// podAddress checks that an address can be a pod's.
func podAddress(dir state.Dir, text string) (netip.Addr, error) {
	cluster, err := existing(dir)
	if err != nil {
		return netip.Addr{}, err
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return address, usage{fmt.Errorf("address %q: expected the IP address of a pod: %w", text, err)}
	}
	if plan := network.PlanOf(cluster); plan.NodeOf(address) == 0 {
		return address, usage{fmt.Errorf("address %s: expected a pod's, found none of a node of cluster %s, whose pods are in %s; see `kbe-cluster kubectl --name %[2]s get pods -A -o wide`",
			address, cluster.Name, strings.Join(plan.Pods(), " and "))}
	}
	return address, nil
}
