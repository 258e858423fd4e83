package fault

import (
	"fmt"
	"net/netip"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
)

func init() {
	kinds = append(kinds, Kind{
		Name:    "deny",
		Params:  []Param{podAddress("ADDRESS")},
		Example: "10.244.1.2",
		Short:   "Isolate a pod's address, as a NetworkPolicy without ingress rules does",
		Long: "deny drops every packet that pods, other nodes and the API server send to a pod's address, without a reply: callers\n" +
			"time out, open connections included. As with NetworkPolicies, the pod reaches itself, its own node reaches it\n" +
			"(so probes, exec, logs and port-forward work), and replies to the pod's own requests arrive.",
		State: "%s is denied to all but its own node",
		Filter: func(n config.Node, args []string) string {
			pod := args[0]
			if n.Plan.NodeOf(netip.MustParseAddr(pod)) != n.Index {
				return ""
			}
			// What others than the pod itself send to it, except replies to its requests. A node's own packets to its pods
			// are not forwarded, so they are not seen here: as with NetworkPolicies, the node always reaches them.
			return delivering.chain("ct state related accept",
				fmt.Sprintf("%[1]s daddr %[2]s %[1]s saddr != %[2]s ct direction original drop", family(pod), pod))
		},
	})
}
