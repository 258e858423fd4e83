package fault

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

// Power is the slot of the faults with which no process of a node runs.
const Power = "power"

// silence drops what a node receives and sends, so that it does not even refuse connections.
var silence = ofNode(func(_ config.Node) string {
	return arriving.chain(neighbours, fmt.Sprintf("iifname %q drop", network.NodeLink)) +
		leaving.chain(neighbours, fmt.Sprintf("oifname %q drop", network.NodeLink))
})
