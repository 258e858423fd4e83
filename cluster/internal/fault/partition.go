package fault

import (
	"fmt"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

func init() {
	kinds = append(kinds, Kind{
		Name:    "partition",
		Params:  []Param{nodeName, nodeName},
		Example: "node-1 node-2",
		Short:   "Cut two nodes and their pods off from each other",
		Long: "partition drops every packet between two nodes and their pods, in both directions, without a reply: callers time out.\n" +
			"The API server still reaches both, and other nodes are not affected.",
		State: "%s and %s are cut off from each other",
		Check: func(nodes []string) error {
			if nodes[0] == nodes[1] {
				return fmt.Errorf("partition: expected two nodes, found %s twice", nodes[0])
			}
			slices.Sort(nodes)
			return nil
		},
		Filter: func(n config.Node, nodes []string) string {
			i := slices.Index(nodes, n.Name)
			if i < 0 {
				return ""
			}
			return arriving.chain(append([]string{neighbours}, dropFrom(n.Plan, nodes[1-i])...)...)
		},
	})
}

// dropFrom drops what a node and its pods send.
func dropFrom(p network.Plan, node string) (rules []string) {
	i := slices.Index(p.Nodes, node) + 1
	for j, f := range p.Families {
		rules = append(rules, fmt.Sprintf("iifname %q %s saddr { %s, %s } drop", network.NodeLink, f, p.Node(i)[j], p.PodRange(i)[j]))
	}
	return rules
}
