package network

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func TestFaultRules(t *testing.T) {
	nodes := []string{"node-1", "node-2", "node-3"}
	f := state.Faults{
		Partitions: []state.Pair{state.PairOf("node-3", "node-2")},
		Denied:     []netip.Addr{netip.MustParseAddr("10.244.1.7")},
	}
	const (
		from2 = "ip saddr { 10.89.0.12, 10.244.2.0/24 } drop"
		from3 = "ip saddr { 10.89.0.13, 10.244.3.0/24 } drop"
		to7   = "ip daddr 10.244.1.7 ip saddr != 10.244.1.7 ct direction original drop"
	)
	for node, want := range map[string][]string{"node-1": {to7}, "node-2": {from3}, "node-3": {from2}} {
		rules := FaultRules(node, nodes, f)
		for _, rule := range want {
			if !strings.Contains(rules, rule) {
				t.Errorf("%s: expected the rule %q in:\n%s", node, rule, rules)
			}
		}
		if n := strings.Count(rules, "drop"); n != len(want) {
			t.Errorf("%s: expected %d rules that drop, found %d:\n%s", node, len(want), n, rules)
		}
	}
	halted := FaultRules("node-2", nodes, state.Faults{Halted: map[string]state.Halt{"node-2": state.Paused}})
	if !strings.Contains(halted, `iifname "eth0" drop`) || !strings.Contains(halted, `oifname "eth0" drop`) {
		t.Errorf("a halted node: expected it to be silent, found:\n%s", halted)
	}
	if rules := FaultRules("node-1", nodes, state.Faults{}); strings.Contains(rules, "drop") {
		t.Errorf("no faults: expected nothing to be dropped, found:\n%s", rules)
	}
}

func TestNodeOf(t *testing.T) {
	for address, want := range map[string]int{"10.244.1.0": 1, "10.244.3.255": 3, "10.244.4.1": 0, "10.244.0.1": 0, "10.89.0.11": 0, "fd00::1": 0} {
		if got := NodeOf(netip.MustParseAddr(address), 3); got != want {
			t.Errorf("%s: expected node %d, found %d", address, want, got)
		}
	}
}
