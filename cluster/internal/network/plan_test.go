package network

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func plan(family string, nodes ...string) Plan {
	return PlanOf(state.Cluster{IPFamily: family, Nodes: nodes})
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		family                                            string
		controlPlane, node, podRange, service, everything []string
		any, api                                          string
	}{
		{"ipv4", []string{"10.89.0.1"}, []string{"10.89.0.20"}, []string{"10.244.10.0/24"}, []string{"10.96.0.1"}, []string{"0.0.0.0/0"}, "0.0.0.0", "10.89.0.1:6443"},
		{"ipv6", []string{"fd00:10:89::1"}, []string{"fd00:10:89::14"}, []string{"fd00:10:244:a::/64"}, []string{"fd00:10:96::1"}, []string{"::/0"}, "::", "[fd00:10:89::1]:6443"},
		{"dual", []string{"10.89.0.1", "fd00:10:89::1"}, []string{"10.89.0.20", "fd00:10:89::14"}, []string{"10.244.10.0/24", "fd00:10:244:a::/64"},
			[]string{"10.96.0.1", "fd00:10:96::1"}, []string{"0.0.0.0/0", "::/0"}, "::", "10.89.0.1:6443"},
	} {
		p := plan(c.family)
		for what, pair := range map[string][2][]string{
			"control plane": {p.ControlPlane(), c.controlPlane}, "node": {p.Node(10), c.node}, "pod range": {p.PodRange(10), c.podRange},
			"service kubernetes": {p.KubernetesService(), c.service}, "default routes": {p.DefaultRoutes(), c.everything},
			"any": {[]string{p.Any()}, []string{c.any}}, "API server": {[]string{p.APIServer()}, []string{c.api}},
		} {
			if !slices.Equal(pair[0], pair[1]) {
				t.Errorf("%s: %s: expected %v, found %v", c.family, what, pair[1], pair[0])
			}
		}
	}
}

// TestNodesDoNotOverlap has as many nodes as a plan allows.
func TestNodesDoNotOverlap(t *testing.T) {
	p := plan("dual")
	for _, f := range p.Families {
		var ranges []netip.Prefix
		for i := 1; i <= MaxNodes; i++ {
			own := f.podRange(i)
			if !f.pods.Overlaps(own) || !f.controlPlane.Contains(f.node(i)) {
				t.Errorf("node %d: expected %s in %s, and %s in %s", i, own, f.pods, f.node(i), f.controlPlane)
			}
			if slices.ContainsFunc(ranges, own.Overlaps) {
				t.Errorf("node %d: its range %s overlaps that of another", i, own)
			}
			ranges = append(ranges, own)
		}
	}
}

func TestNodeOf(t *testing.T) {
	for address, want := range map[string]int{"10.244.1.0": 1, "10.244.3.255": 3, "10.244.4.1": 0, "10.244.0.1": 0, "10.89.0.11": 0,
		"fd00:10:244:2::7": 2, "fd00:10:244::7": 0, "fd00:10:89::b": 0} {
		if got := plan("dual", "a", "b", "c").NodeOf(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: expected node %d, found %d", address, want, got)
		}
	}
	if got := plan("ipv4", "a", "b").NodeOf(netip.MustParseAddr("fd00:10:244:2::7")); got != 0 {
		t.Errorf("an address of a family that the cluster does not have: expected no node, found %d", got)
	}
}
