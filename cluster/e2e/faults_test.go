//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	exhaustive(t)
	c := newCluster(t)
	c.up("--zones=a,b")
	probes := c.startProbes()
	c.expectReach(probes)
	t.Run("zones", func(t *testing.T) { testZones(c.on(t)) })
	t.Run("partition", func(t *testing.T) { testPartition(c.on(t), probes) })
	t.Run("deny", func(t *testing.T) { testDeny(c.on(t), probes) })
	t.Run("masquerade", func(t *testing.T) { testMasquerade(c.on(t), probes) })
	t.Run("no-hairpin", func(t *testing.T) { testNoHairpin(c.on(t), probes) })
	t.Run("duplicate", func(t *testing.T) { testDuplicate(c.on(t)) })
	t.Run("divert", func(t *testing.T) { testDivert(c.on(t), probes) })
	t.Run("outside", func(t *testing.T) { testOutside(c.on(t), probes) })
	t.Run("power", func(t *testing.T) { testPower(c.on(t), probes) })
	t.Run("usage", func(t *testing.T) { testFaultUsage(c.on(t)) })
}

func testZones(c *cluster) {
	if zones := c.kubectl("get", "nodes", "-o", `jsonpath={.items[*].metadata.labels.topology\.kubernetes\.io/zone}`); zones != "a b a" {
		c.t.Errorf("expected the nodes in the zones a b a, found %s", zones)
	}
	for i, node := range c.status().Nodes {
		if want := []string{"a", "b", "a"}[i]; node.Zone != want {
			c.t.Errorf("status of %s: expected zone %s, found %+v", node.Name, want, node)
		}
	}
}

func testPartition(c *cluster, probes map[string]map[string]probe) {
	c.must("fault", "set", "partition", "node-3", "node-2")
	c.expectReach(probes, "node-2", "node-3")
	if out := c.must("fault", "set", "partition", "node-2", "node-3"); !strings.Contains(out, "already") {
		c.t.Errorf("the same again: expected it to say so, found %s", out)
	}
	c.expectFaults("partition node-2 node-3")
	for _, node := range []string{"node-2", "node-3"} {
		pod := probes["web"][node].pod
		if out := c.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/"+pod+":9876/proxy/health"); !strings.Contains(out, "healthy") {
			c.t.Errorf("the API server asks %s on %s: %s", pod, node, out)
		}
	}
	c.must("fault", "clear", "partition", "node-2", "node-3")
	c.expectReach(probes)

	c.must("fault", "set", "partition", "node-1", "node-2")
	c.must("fault", "set", "partition", "node-1", "node-3")
	c.must("fault", "clear", "partition")
	c.expectReach(probes)
	c.expectFaults()
}

func testDeny(c *cluster, probes map[string]map[string]probe) {
	target := probes["web"]["node-2"]
	address := target.addresses[0]
	c.must("fault", "set", "deny", address)
	for _, each := range []struct{ app, node, want string }{
		{"client", "node-2", timedOut}, // another pod of its node
		{"client", "node-1", timedOut},
		{"host", "node-1", timedOut},
		{"host", "node-2", answered}, // its node, as the kubelet
		{"web", "node-2", answered},  // itself
	} {
		if got := c.ask(probes[each.app][each.node].pod, address)[0]; got != each.want {
			c.t.Errorf("from %s of %s: expected curl's exit code %s, found %s", each.app, each.node, each.want, got)
		}
	}
	if got := c.ask(target.pod, probes["web"]["node-1"].addresses[0])[0]; got != answered {
		c.t.Errorf("the denied pod asks another: expected an answer, found curl's exit code %s", got)
	}
	c.expectFaults("deny " + address)
	c.must("fault", "clear", "deny", address)
	c.expectReach(probes)
	c.must("fault", "set", "deny", address)
	c.must("fault", "clear")
	c.expectReach(probes)
}

// seen reports the address under which the web server of a node sees a pod that probes it.
func (c *cluster) seen(pod, address string) (from string) {
	c.t.Helper()
	var answer struct{ From string }
	if out := c.shell(pod, "curl -gsS -m 2 http://"+address+":9876/info"); json.Unmarshal([]byte(out), &answer) != nil {
		c.t.Errorf("%s asks %s: %s", pod, address, out)
	}
	return answer.From
}

func testMasquerade(c *cluster, probes map[string]map[string]probe) {
	own := probes["client"]["node-2"].addresses[0]
	expect := func(on bool, from, to, want string) {
		c.t.Helper()
		if got := c.seen(probes["client"][from].pod, probes["web"][to].addresses[0]); got != want {
			c.t.Errorf("masqueraded %t: %s asks %s: expected that it is seen as %s, found %s", on, from, to, want, got)
		}
	}
	c.must("fault", "set", "masquerade", "node-2")
	expect(true, "node-2", "node-1", "10.89.0.12")
	expect(true, "node-2", "node-2", own)
	expect(true, "node-1", "node-2", probes["client"]["node-1"].addresses[0])
	c.expectFaults("masquerade node-2")
	c.must("fault", "clear", "masquerade", "node-2")
	expect(false, "node-2", "node-1", own)
}

// testNoHairpin probes a service from its own pod, and one that leads to another pod of its node.
func testNoHairpin(c *cluster, probes map[string]map[string]probe) {
	self, other := probes["web"]["node-2"].pod, probes["client"]["node-2"].pod
	c.kubectl("label", "pod", self, "hairpin=self")
	c.kubectl("create", "service", "clusterip", "hairpin", "--tcp=9876")
	c.kubectl("set", "selector", "service", "hairpin", "hairpin=self")
	address := c.kubectl("get", "service", "hairpin", "-o", "jsonpath={.spec.clusterIP}")
	expect := func(fault bool, from, want string) {
		c.t.Helper()
		c.eventually(fmt.Sprintf("%s asks the service, hairpins are lost %t: %s", from, fault, want), func() bool { return c.ask(from, address)[0] == want })
	}
	expect(false, self, answered)
	c.must("fault", "set", "no-hairpin", "node-2")
	expect(true, self, timedOut)
	expect(true, other, answered)
	c.expectFaults("no-hairpin node-2")
	c.must("fault", "clear", "no-hairpin", "node-2")
	expect(false, self, answered)
	c.kubectl("delete", "service", "hairpin")
}

// testDuplicate starts pods on a node whose plugin knows one address.
func testDuplicate(c *cluster) {
	start := func(name string) string {
		c.runService(name, "node-2")
		c.kubectl("wait", "--for=condition=Ready", "pod/"+name, "--timeout=2m")
		return c.kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}")
	}
	c.must("fault", "set", "duplicate", "node-2")
	starts := func(name string) bool { // whether it gets the one address
		address := start(name)
		c.kubectl("delete", "pod", name, "--now")
		return address == "10.244.2.254"
	}
	// containerd reads the file when it gets a notification of a change.
	c.eventually("a new pod gets the one address", func() bool { return starts("plugged") })
	if one, two := start("one"), start("two"); one != two {
		c.t.Errorf("expected that both pods have one address, found %s and %s", one, two)
	}
	c.expectFaults("duplicate node-2")
	c.must("fault", "clear", "duplicate", "node-2")
	c.kubectl("delete", "pod", "one", "two", "--now")
	c.eventually("a new pod gets an address of its own", func() bool { return !starts("apart") })
}

func testDivert(c *cluster, probes map[string]map[string]probe) {
	address, to := probes["web"]["node-2"].addresses[0], probes["web"]["node-3"].addresses[0]
	// logged reports which of the two web servers logs a request.
	n := 0
	expect := func(from, node string) {
		c.t.Helper()
		n++
		mark := fmt.Sprintf("mark-%d", n)
		c.shell(probes["client"][from].pod, "curl -gsS -m 2 -H Host:"+mark+" http://"+address+":9876/info")
		if log := c.kubectl("logs", probes["web"][node].pod, "-c", "sise"); !strings.Contains(log, mark) {
			c.t.Errorf("%s asks %s: expected that the one on %s answers", from, address, node)
		}
	}
	c.must("fault", "set", "divert", address, to)
	for _, from := range []string{"node-1", "node-2", "node-3"} {
		expect(from, "node-3")
	}
	c.expectFaults("divert " + address + " " + to)
	c.must("fault", "clear", "divert", address)
	expect("node-1", "node-2")
}

func testFaultUsage(c *cluster) {
	for args, says := range map[string]string{
		"fault set":                              "name of a fault",
		"fault set halt node-1":                  "unknown",
		"fault set partition node-1":             "2 arg",
		"fault set partition node-1 node-9":      "node-1, node-2, node-3",
		"fault set partition node-1 node-1":      "two nodes",
		"fault set deny here":                    "IP address of a pod",
		"fault set deny 10.89.0.11":              "10.244.0.0/16",
		"fault set deny fd00::1":                 "10.244.0.0/16",
		"fault set masquerade":                   "1 arg",
		"fault set duplicate node-9":             "node-1, node-2, node-3",
		"fault set divert 10.244.1.2":            "2 arg",
		"fault set divert 10.244.1.2 ::1":        "10.244.0.0/16",
		"fault set divert 10.244.1.2 10.244.1.2": "another pod",
		"fault set power-off":                    "1 arg",
		"fault set power-off node-9":             "node-1, node-2, node-3",
		"fault clear halt":                       "partition",
		"fault clear deny 10.244.4.1":            "10.244.0.0/16",
		"fault clear masquerade node-9":          "node-1, node-2, node-3",
		"fault clear masquerade node-1 node-2":   "at most 1",
		"outside":                                "1 arg",
		"outside no-such-command":                "no-such-command",
	} {
		if out, code := c.run(strings.Fields(args)...); code != 2 || !strings.Contains(out, says) {
			c.t.Errorf("%s: expected exit code 2 and a word about %q, found %d: %s", args, says, code, out)
		}
	}
}
