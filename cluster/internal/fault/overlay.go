package fault

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

func init() {
	kinds = append(kinds, Kind{
		Name:    "overlay",
		Params:  []Param{nodeName},
		Example: "node-2",
		Short:   "Keep the API server from a node's pods, as with an overlay network that it is not part of",
		Long: "overlay drops every packet that the control plane sends to the pods of a node, without a reply: the API server's proxy\n" +
			"to pods times out. Its way to the kubelet is not affected, so exec, logs and port-forward work.",
		State: "the API server does not reach pods of %s",
		Filter: ofNode(func(n config.Node) string {
			var rules []string
			for i, f := range n.Plan.Families {
				rules = append(rules, fmt.Sprintf("iifname %q %s saddr %s %s daddr %s ct direction original drop",
					network.NodeLink, f, n.Plan.ControlPlane()[i], f, n.Plan.PodRange(n.Index)[i]))
			}
			return delivering.chain(rules...)
		}),
	})
}
