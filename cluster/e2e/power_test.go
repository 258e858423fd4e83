//go:build e2e

package e2e

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func testPower(c *cluster, probes map[string]map[string]probe) {
	address := c.kubectl("get", "node", "node-2", "-o", "jsonpath={.status.addresses[0].address}")
	client := probes["client"]["node-1"].pod
	expect := func(t *testing.T, pod, node string) {
		t.Helper()
		for i, got := range c.on(t).ask(client, probes["web"]["node-2"].addresses[0], address) {
			if want := []string{pod, node}[i]; got != want {
				t.Errorf("%s: expected curl's exit code %s, found %s", []string{"a pod of node-2", "a port of node-2 where nothing listens"}[i], want, got)
			}
		}
	}
	expect(c.t, answered, refused)
	c.t.Run("pause", func(t *testing.T) {
		c := c.on(t)
		c.must("fault", "set", "pause", "node-2")
		expect(t, timedOut, timedOut)
		c.expectFaults("pause node-2")
		if out := c.must("fault", "clear", "power-off", "node-2"); !strings.Contains(out, "nothing to clear") {
			t.Errorf("boot of a paused node: expected that there is nothing to clear, found %s", out)
		}
		if out, code := c.run("load", os.DevNull); code != 3 || !strings.Contains(out, "paused") {
			t.Errorf("load into a paused node: expected exit code 3 and why, found %d: %s", code, out)
		}
		if out, code := c.run("images"); code != 3 || !strings.Contains(out, "paused") {
			t.Errorf("images of a paused node: expected exit code 3 and why, found %d: %s", code, out)
		}
		c.must("fault", "clear", "pause", "node-2")
		expect(t, answered, refused)
	})
	c.t.Run("stop", func(t *testing.T) {
		c := c.on(t)
		c.must("fault", "set", "partition", "node-2", "node-3")
		c.must("fault", "set", "partition", "node-1", "node-2")
		c.must("fault", "set", "pause", "node-2")
		c.must("fault", "set", "power-off", "node-2")
		c.expectFaults("partition node-2 node-3", "partition node-1 node-2", "power-off node-2")
		if out := c.must("fault", "set", "power-off", "node-2"); !strings.Contains(out, "already") {
			t.Errorf("the same again: expected it to say so, found %s", out)
		}
		expect(t, timedOut, timedOut)
		for _, part := range []string{"containerd", "kubelet", "kube-proxy"} {
			if got := c.component("node-2/" + part); got.PID != 0 || got.Restarts != 0 {
				t.Errorf("expected it down and not restarted, found %+v", got)
			}
		}
		for _, dir := range controlGroups(c.name) {
			if strings.Contains(dir, "/node-2") {
				t.Errorf("a stopped node still has the control group %s", dir)
			}
		}
		c.must("fault", "clear", "partition", "node-1") // of a node that is off
	})
	c.t.Run("start", func(t *testing.T) {
		c := c.on(t)
		c.must("fault", "clear", "power-off", "node-2")
		c.look()
		c.eventually("the pods of the node run again, as after a reboot", func() bool {
			const restarts = "jsonpath={range .items[*]}{range .status.containerStatuses[*]}{.ready}{.restartCount} {end}{end}"
			all := strings.Fields(c.kubectl("get", "pods", "--field-selector=spec.nodeName=node-2", "-o", restarts))
			return len(all) == 4 && !slices.ContainsFunc(all, func(s string) bool { return !strings.HasPrefix(s, "true") || s == "true0" })
		})
		rebooted := c.probes()
		c.expectReach(rebooted, "node-2", "node-3") // the partition outlives a reboot
		c.must("fault", "clear")
		c.expectReach(rebooted)
		c.expectFaults()
		maps.Copy(probes, rebooted)
	})
}

// TestDownOfHaltedNodes has the supervisor killed, too.
func TestDownOfHaltedNodes(t *testing.T) {
	exhaustive(t)
	c := newCluster(t)
	c.up("--nodes=2")
	c.runService("sise", "node-1")
	c.kubectl("wait", "--for=condition=Ready", "pod/sise", "--timeout=30s")
	c.look()
	c.must("fault", "set", "pause", "node-1")
	c.must("fault", "set", "power-off", "node-2")
	kill(t, c.supervisor())
	c.must("down")
	c.mustBeGone()
}
