package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newMasquerade(open opener) *cobra.Command {
	return newNodeFault(open, nodeFault{
		use:   "masquerade",
		short: "Have pods of other nodes see those of a node under the node's address",
		long: "masquerade translates the address of what the pods of a node send to pods of other nodes, as a network plugin does that\n" +
			"masquerades too much (SNAT). Connections that are open stay as they are. --off undoes it; without a node, of all.",
		begin: "Masquerade", end: "Unmask",
		now: "pods of %s are seen under its address by pods of other nodes", before: "pods of %s are seen under their own addresses",
	})
}

func newNoHairpin(open opener) *cobra.Command {
	return newNodeFault(open, nodeFault{
		use:   "no-hairpin",
		short: "Keep the pods of a node from reaching themselves by way of a service",
		long: "no-hairpin loses what a pod of a node sends to a service that leads to the pod itself, as a bridge does whose ports are\n" +
			"not in hairpin mode: the caller times out. --off undoes it; without a node, of all.",
		begin: "DropHairpins", end: "PassHairpins",
		now: "pods of %s do not reach themselves by way of a service", before: "pods of %s reach themselves by way of a service",
	})
}

func newDuplicate(open opener) *cobra.Command {
	return newNodeFault(open, nodeFault{
		use:   "duplicate",
		short: "Have the network plugin of a node give every new pod the same address",
		long: "duplicate configures the network plugin of a node such that every pod that starts there gets the same address, by the\n" +
			"plugin \"static\" in place of \"host-local\". Pods that run already keep theirs. --off undoes it; without a node, of all.",
		begin: "Duplicate", end: "Distinguish",
		now: "new pods of %s all get the same address", before: "each new pod of %s gets an address of its own",
	})
}

// nodeFault is a fault of one node.
type nodeFault struct {
	use, short, long string
	// begin and end are methods of the supervisor's Control.
	begin, end string
	// now and before say how it is with the fault, and without; %s is the node.
	now, before string
}

func newNodeFault(open opener, f nodeFault) *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use: f.use + " NODE", Short: f.short, Long: f.long,
		Args: withOff(&off, 1),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			if len(args) == 0 {
				return ask(ctx, dir, f.end, "", fmt.Sprintf(f.before, "every node"))
			}
			cluster, err := existing(dir)
			if err != nil {
				return err
			}
			if err := known(cluster, args[0]); err != nil {
				return err
			}
			if off {
				return ask(ctx, dir, f.end, args[0], fmt.Sprintf(f.before, args[0]))
			}
			return ask(ctx, dir, f.begin, args[0], fmt.Sprintf(f.now, args[0]))
		}),
	}
	c.Flags().BoolVar(&off, "off", false, "undo it")
	return c
}

func newDivert(open opener) *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use:   "divert ADDRESS TO",
		Short: "Have another pod answer at a pod's address",
		Long: "divert sends what pods send to a pod's address to the pod with the address TO, as a stale rule of a load balancer does.\n" +
			"Pods on every node find the other one, but TO itself and the nodes do not. Connections that are open stay as they are.\n" +
			"`divert ADDRESS --off` undoes it; without an address, of all.",
		Args: withOff(&off, 2),
		RunE: run(open, func(ctx context.Context, dir state.Dir, args []string) error {
			if len(args) == 0 {
				return ask(ctx, dir, "Straighten", netip.Addr{}, "every pod answers at its own address")
			}
			address, err := podAddress(dir, args[0])
			if err != nil {
				return err
			}
			if off {
				return ask(ctx, dir, "Straighten", address, "whoever has "+address.String()+" answers there")
			}
			to, err := podAddress(dir, args[1])
			if err != nil {
				return err
			}
			if address == to || address.Is4() != to.Is4() {
				return usage{fmt.Errorf("divert %s to %s: expected the address of another pod, of the same IP family", address, to)}
			}
			return ask(ctx, dir, "Divert", state.Detour{Address: address, To: to}, fmt.Sprintf("%s answers at %s", to, address))
		}),
	}
	c.Flags().BoolVar(&off, "off", false, "undo it")
	return c
}

// withOff accepts so many arguments, and with --off the first of them or none.
func withOff(off *bool, n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case !*off:
			return cobra.ExactArgs(n)(c, args)
		case len(args) > 1:
			return errors.New("--off: expected one argument, or none for all")
		default:
			return nil
		}
	}
}
