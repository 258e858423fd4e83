package network

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func TestFaultRules(t *testing.T) {
	p := plan("dual", "node-1", "node-2", "node-3")
	f := state.Faults{
		Partitions: []state.Pair{state.PairOf("node-3", "node-2")},
		Denied:     []netip.Addr{netip.MustParseAddr("10.244.1.7"), netip.MustParseAddr("fd00:10:244:3::7")},
	}
	const (
		from2   = "ip saddr { 10.89.0.12, 10.244.2.0/24 } drop"
		from2v6 = "ip6 saddr { fd00:10:89::c, fd00:10:244:2::/64 } drop"
		from3   = "ip saddr { 10.89.0.13, 10.244.3.0/24 } drop"
		from3v6 = "ip6 saddr { fd00:10:89::d, fd00:10:244:3::/64 } drop"
		to1     = "ip daddr 10.244.1.7 ip saddr != 10.244.1.7 ct direction original drop"
		to3v6   = "ip6 daddr fd00:10:244:3::7 ip6 saddr != fd00:10:244:3::7 ct direction original drop"
	)
	for node, want := range map[string][]string{"node-1": {to1}, "node-2": {from3, from3v6}, "node-3": {from2, from2v6, to3v6}} {
		rules := p.FaultRules(node, f)
		for _, rule := range want {
			if !strings.Contains(rules, rule) {
				t.Errorf("%s: expected the rule %q in:\n%s", node, rule, rules)
			}
		}
		if n := strings.Count(rules, "drop"); n != len(want) {
			t.Errorf("%s: expected %d rules that drop, found %d:\n%s", node, len(want), n, rules)
		}
	}
	const (
		masked   = `oifname "eth0" ip saddr 10.244.2.0/24 ip daddr 10.244.0.0/16 masquerade`
		masked6  = `oifname "eth0" ip6 saddr fd00:10:244:2::/64 ip6 daddr fd00:10:244::/56 masquerade`
		diverted = `iifname != "eth0" ip6 daddr fd00:10:244:3::7 ip6 saddr != fd00:10:244:1::7 dnat ip6 to fd00:10:244:1::7`
	)
	astray := state.Faults{
		Masqueraded: []string{"node-2"},
		Diverted:    map[netip.Addr]netip.Addr{netip.MustParseAddr("fd00:10:244:3::7"): netip.MustParseAddr("fd00:10:244:1::7")},
	}
	for node, want := range map[string][]bool{"node-1": {false, false, true}, "node-2": {true, true, true}} {
		rules := p.FaultRules(node, astray)
		for i, rule := range []string{masked, masked6, diverted} {
			if strings.Contains(rules, rule) != want[i] {
				t.Errorf("%s: the rule %q: expected %t, found:\n%s", node, rule, want[i], rules)
			}
		}
	}
	halted := p.FaultRules("node-2", state.Faults{Halted: map[string]state.Halt{"node-2": state.Paused}})
	if !strings.Contains(halted, `iifname "eth0" drop`) || !strings.Contains(halted, `oifname "eth0" drop`) {
		t.Errorf("a halted node: expected it to be silent, found:\n%s", halted)
	}
	for node, want := range map[string]bool{"node-1": true, "node-2": false} {
		rules := p.FaultRules(node, state.Faults{NoHairpin: []string{"node-1"}})
		for _, rule := range []string{`iifname != "eth0" oifname != "eth0" ct status dnat meta mark set meta mark or 0x00100000`, "meta mark and 0x00100000 != 0 ct status snat drop"} {
			if strings.Contains(rules, rule) != want {
				t.Errorf("%s: the rule %q: expected %t, found:\n%s", node, rule, want, rules)
			}
		}
	}
	if rules := p.FaultRules("node-1", state.Faults{}); strings.Contains(rules, "drop") {
		t.Errorf("no faults: expected nothing to be dropped, found:\n%s", rules)
	}
}
