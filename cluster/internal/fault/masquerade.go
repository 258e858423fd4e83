package fault

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

func init() {
	kinds = append(kinds, Kind{
		Name:    "masquerade",
		Params:  []Param{nodeName},
		Example: "node-2",
		Short:   "Give packets from a node's pods to pods of other nodes the node's address",
		Long: "masquerade translates the source address of what the pods of a node send to pods of other nodes, as a network plugin\n" +
			"does that masquerades too much (SNAT). Open connections are not affected.",
		State: "pods of other nodes see pods of %s under the node's address",
		Filter: ofNode(func(n config.Node) string {
			var rules []string
			for i, f := range n.Plan.Families {
				rules = append(rules, fmt.Sprintf("oifname %q %[2]s saddr %[3]s %[2]s daddr %[4]s masquerade",
					network.NodeLink, f, n.Plan.PodRange(n.Index)[i], n.Plan.Pods()[i]))
			}
			return masquerading.chain(rules...)
		}),
	})
}
