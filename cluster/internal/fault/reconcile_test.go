package fault

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

// machine stands in for a node: a packet filter, control groups and namespaces need root. It is what was done to it.
type machine struct {
	config    config.Node
	filters   map[string]string
	files     map[string]string
	power     string // on, off or frozen
	broken    string // the method that fails
	performed []string
}

func (m *machine) do(method string) error {
	m.performed = append(m.performed, method)
	if method == m.broken {
		return errors.New(method + " is broken on purpose")
	}
	return nil
}

func (m *machine) Config() config.Node { return m.config }

func (m *machine) Filter(_ context.Context, table, chains string) error {
	if chains == "" {
		delete(m.filters, table)
		return nil
	}
	m.filters[table] = chains
	return m.do("filter")
}

func (m *machine) WriteFile(path string, data []byte) error {
	m.files[path] = string(data)
	return m.do("write")
}

func (m *machine) Freeze(context.Context) error { m.power = "frozen"; return m.do("freeze") }
func (m *machine) Thaw() error                  { m.power = "on"; return m.do("thaw") }
func (m *machine) Halt(context.Context) error   { m.power = "off"; return m.do("halt") }
func (m *machine) Boot(context.Context) error   { m.power = "on"; return m.do("boot") }

// machines are those of the cluster, as they are without faults.
func machines() (all []Node) {
	plan := network.PlanOf(cluster)
	for i, name := range cluster.Nodes {
		all = append(all, &machine{config: config.Node{Plan: plan, Name: name, Index: i + 1, ProxyMode: "nftables"},
			filters: map[string]string{}, files: map[string]string{}, power: "on"})
	}
	return all
}

func machineOf(nodes []Node, i int) *machine { return nodes[i-1].(*machine) }

// reconcile fails the test when Reconcile fails.
func reconcile(t *testing.T, nodes []Node, now, next []Fault) []Fault {
	t.Helper()
	set, err := Reconcile(t.Context(), nodes, now, next)
	if err != nil || !slices.EqualFunc(set, next, Fault.Equal) {
		t.Fatalf("expected that %v are set, found %v, %v", next, set, err)
	}
	return set
}

// TestEachFaultIsUndone has every kind, and undoes them in the order in which they were set, and in reverse.
func TestEachFaultIsUndone(t *testing.T) {
	var all []Fault
	for _, k := range Kinds() {
		all = append(all, fault(t, k.Name+" "+k.Example))
	}
	backwards := slices.Clone(all)
	slices.Reverse(backwards)
	for _, order := range [][]Fault{all, backwards} {
		nodes := machines()
		set := reconcile(t, nodes, nil, all)
		if found := []string{machineOf(nodes, 1).power, machineOf(nodes, 2).power, machineOf(nodes, 3).power}; !slices.Equal(found, []string{"frozen", "on", "off"}) {
			t.Errorf("power of the nodes: found %v", found)
		}
		for _, f := range order {
			set = reconcile(t, nodes, set, Without(set, []Fault{f}))
		}
		for i := range nodes {
			m := machineOf(nodes, i+1)
			plugin, err := m.config.NetworkPlugin()
			if written, ok := m.files[config.NetworkPluginFile]; err != nil || ok && written != string(plugin) {
				t.Errorf("%s: expected the network plugin of before, found %v\n%s", m.config.Name, err, written)
			}
			if m.power != "on" || len(m.filters) > 0 {
				t.Errorf("%s: expected nothing of the faults, found power %s and filters %v", m.config.Name, m.power, m.filters)
			}
		}
	}
}

func TestOnlyDifferencesAreMade(t *testing.T) {
	nodes := machines()
	set := reconcile(t, nodes, nil, faults(t, "masquerade node-2", "pause node-2"))
	reconcile(t, nodes, set, faults(t, "masquerade node-2", "power-off node-2"))
	if found, want := machineOf(nodes, 2).performed, []string{"filter", "filter", "freeze", "thaw", "filter", "halt"}; !slices.Equal(found, want) {
		t.Errorf("expected %v, found %v", want, found)
	}
	if found := slices.Concat(machineOf(nodes, 1).performed, machineOf(nodes, 3).performed); len(found) > 0 {
		t.Errorf("other nodes: expected nothing, found %v", found)
	}
}

func TestAFaultThatCannotBeSetIsUndone(t *testing.T) {
	nodes := machines()
	m := machineOf(nodes, 2)
	m.broken = "freeze"
	before := faults(t, "deny 10.244.2.2")
	set, err := Reconcile(t.Context(), nodes, nil, append(before, fault(t, "pause node-2")))
	if err == nil || !strings.Contains(err.Error(), "set pause node-2: freeze is broken") {
		t.Errorf("expected the fault and why, found %v", err)
	}
	if !slices.EqualFunc(set, before, Fault.Equal) || m.power != "on" || len(m.filters) != 1 {
		t.Errorf("expected the other fault alone, found %v, power %s, filters %v", set, m.power, m.filters)
	}
	machineOf(nodes, 3).broken = "filter"
	if set, err := Reconcile(t.Context(), nodes, nil, faults(t, "partition node-2 node-3")); err == nil || len(set) > 0 || len(m.filters) != 1 {
		t.Errorf("a partition that one node refuses: expected none of it, found %v, %v, %v", set, err, m.filters)
	}
}

func TestAFaultThatCannotBeClearedStaysSet(t *testing.T) {
	nodes := machines()
	m := machineOf(nodes, 3)
	set := reconcile(t, nodes, nil, faults(t, "power-off node-3", "deny 10.244.3.2"))
	m.broken = "boot"
	set, err := Reconcile(t.Context(), nodes, set, nil)
	if err == nil || !strings.Contains(err.Error(), "clear power-off node-3: boot is broken") || len(set) != 2 {
		t.Errorf("expected the fault and why, found %v, %v", set, err)
	}
	m.broken = ""
	reconcile(t, nodes, set, nil)
	if m.power != "on" {
		t.Errorf("cleared again: expected the node on, found it %s", m.power)
	}
}

func TestFilters(t *testing.T) {
	for words, want := range map[string]map[string][]string{
		"partition node-3 node-2": {
			"node-2": {"hook prerouting priority raw", neighbours, `iifname "eth0" ip saddr { 10.89.0.13, 10.244.3.0/24 } drop`, `iifname "eth0" ip6 saddr { fd00:10:89::d, fd00:10:244:3::/64 } drop`},
			"node-3": {"hook prerouting priority raw", neighbours, `iifname "eth0" ip saddr { 10.89.0.12, 10.244.2.0/24 } drop`, `iifname "eth0" ip6 saddr { fd00:10:89::c, fd00:10:244:2::/64 } drop`},
		},
		"deny 10.244.1.7":       {"node-1": {"hook forward priority filter", "ip daddr 10.244.1.7 ip saddr != 10.244.1.7 ct direction original drop"}},
		"deny fd00:10:244:3::7": {"node-3": {"hook forward priority filter", "ip6 daddr fd00:10:244:3::7 ip6 saddr != fd00:10:244:3::7 ct direction original drop"}},
		"masquerade node-2": {"node-2": {"type nat hook postrouting priority srcnat", `oifname "eth0" ip saddr 10.244.2.0/24 ip daddr 10.244.0.0/16 masquerade`,
			`oifname "eth0" ip6 saddr fd00:10:244:2::/64 ip6 daddr fd00:10:244::/56 masquerade`}},
		"no-hairpin node-1": {"node-1": {`iifname != "eth0" oifname != "eth0" ct status dnat meta mark set meta mark or 0x00100000`, "priority srcnat + 10", "meta mark and 0x00100000 != 0 ct status snat drop"}},
		"pause node-2":      {"node-2": {`iifname "eth0" drop`, `oifname "eth0" drop`}},
		"power-off node-2":  {"node-2": {`iifname "eth0" drop`, `oifname "eth0" drop`}},
		"duplicate node-2":  {},
		"divert fd00:10:244:3::7 fd00:10:244:1::7": {
			"node-1": {"type nat hook prerouting priority dstnat", `iifname != "eth0" ip6 daddr fd00:10:244:3::7 ip6 saddr != fd00:10:244:1::7 dnat ip6 to fd00:10:244:1::7`},
			"node-2": {"dnat"}, "node-3": {"dnat"},
		},
	} {
		nodes := machines()
		f := fault(t, words)
		reconcile(t, nodes, nil, []Fault{f})
		for i := range nodes {
			m := machineOf(nodes, i+1)
			if found := slices.Collect(maps.Keys(m.filters)); len(found) != min(1, len(want[m.config.Name])) || len(found) == 1 && found[0] != f.table() {
				t.Errorf("%s on %s: expected the table %s where it filters, found %v", words, m.config.Name, f.table(), found)
			}
			for _, rule := range want[m.config.Name] {
				if !strings.Contains(m.filters[f.table()], rule) {
					t.Errorf("%s on %s: expected %q in\n%s", words, m.config.Name, rule, m.filters[f.table()])
				}
			}
		}
	}
	if name := fault(t, "deny fd00:10:244:3::7").table(); name != "kbe-deny-fd00_10_244_3__7" {
		t.Errorf("expected a name that nftables takes, found %s", name)
	}
}

func TestDuplicateKnowsOneAddress(t *testing.T) {
	nodes := machines()
	reconcile(t, nodes, nil, faults(t, "duplicate node-2"))
	found := strings.Join(strings.Fields(machineOf(nodes, 2).files[config.NetworkPluginFile]), " ")
	for _, want := range []string{`"addresses": [ { "address": "10.244.2.254/24", "gateway": "10.244.2.1" }, { "address": "fd00:10:244:2::fe/64", "gateway": "fd00:10:244:2::1" } ]`,
		`"type": "static"`, `"type": "ptp"`, `"type": "portmap"`, `"routes": [ { "dst": "0.0.0.0/0" }, { "dst": "::/0" } ]`} {
		if !strings.Contains(found, want) {
			t.Errorf("expected %s in\n%s", want, found)
		}
	}
	if strings.Contains(found, "host-local") || strings.Contains(found, "ranges") {
		t.Errorf("expected no other addresses, found\n%s", found)
	}
}
