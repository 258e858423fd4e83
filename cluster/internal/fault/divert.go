package fault

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

func init() {
	kinds = append(kinds, Kind{
		Name:    "divert",
		Params:  []Param{podAddress("ADDRESS"), podAddress("TO")},
		Example: "10.244.1.2 10.244.2.2",
		Short:   "Have another pod answer at a pod's address",
		Long: "divert sends what pods send to a pod's address to the pod with the address TO, as a stale rule of a load balancer does.\n" +
			"It affects pods on every node, but not TO itself, nor the nodes. Open connections are not affected. It replaces an\n" +
			"earlier divert of the same address.",
		State: "%[2]s answers at %[1]s",
		Slot:  "divert",
		Check: func(args []string) error {
			if args[0] == args[1] || family(args[0]) != family(args[1]) {
				return fmt.Errorf("divert %s to %s: expected the address of another pod, of the same IP family", args[0], args[1])
			}
			return nil
		},
		// The rule is at the node of the caller, for there the replies pass and can be given the address that was called. The
		// pod that answers cannot be sent to itself so: its own packets go straight.
		Filter: func(_ config.Node, args []string) string {
			address, to := args[0], args[1]
			return diverting.chain(fmt.Sprintf("iifname != %q %[2]s daddr %[3]s %[2]s saddr != %[4]s dnat %[2]s to %[4]s",
				network.NodeLink, family(address), address, to))
		},
	})
}
