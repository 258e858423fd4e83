package provider

import (
	"strconv"
	"strings"

	"sigs.k8s.io/e2e-framework/pkg/types"
)

// WithNodes sets the number of nodes.
func WithNodes(n int) types.ClusterOpts { return flag("--nodes=" + strconv.Itoa(n)) }

// WithIPFamily sets the addresses that nodes, pods and services have: ipv4,
// ipv6 or dual.
func WithIPFamily(family string) types.ClusterOpts { return flag("--ip-family=" + family) }

// WithZones assigns the nodes to zones, round-robin.
func WithZones(zones ...string) types.ClusterOpts {
	return flag("--zones=" + strings.Join(zones, ","))
}

// flag is an option for Embedded; other providers have no such flags.
func flag(text string) types.ClusterOpts {
	return func(p types.E2EClusterProvider) {
		if e, ok := p.(*Embedded); ok {
			e.flags = append(e.flags, text)
		}
	}
}
