package fault

import (
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

func init() {
	kinds = append(kinds, Kind{
		Name:    "no-hairpin",
		Params:  []Param{nodeName},
		Example: "node-2",
		Short:   "Keep a node's pods from reaching themselves through a service",
		Long: "no-hairpin drops what a pod of a node sends to a service that leads to the pod itself, as a bridge does whose ports are\n" +
			"not in hairpin mode: the caller times out.",
		State: "pods of %s do not reach themselves through a service",
		Filter: ofNode(func(_ config.Node) string {
			return delivering.chain("ct state related accept", markHairpins) + returning.chain(dropHairpins)
		}),
	})
}

// What a pod sends to itself through a service, a bridge without hairpin mode drops. On its way from a pod to one of the
// same node it is marked, and dropped when both of its addresses have been translated: of all that passes between pods of a
// node, kube-proxy masquerades nothing else.
const (
	hairpinMark  = "0x00100000"
	markHairpins = "iifname != \"" + network.NodeLink + "\" oifname != \"" + network.NodeLink + "\" ct status dnat meta mark set meta mark or " + hairpinMark
	dropHairpins = "meta mark and " + hairpinMark + " != 0 ct status snat drop"
)
