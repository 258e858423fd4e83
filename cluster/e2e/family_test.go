//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
)

const dualService = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ipFamilyPolicy: PreferDualStack, type: NodePort, ports: [{port: 80, targetPort: 9876, nodePort: 30080}]}
`

// TestIPFamilies is about addresses that are not only of IPv4; all other tests are about that.
func TestIPFamilies(t *testing.T) {
	exhaustive(t)
	for family, versions := range map[string]string{"ipv6": "6", "dual": "46"} {
		t.Run(family, func(t *testing.T) {
			c := newCluster(t)
			c.up("--nodes=2", "--ip-family="+family)
			probes := c.startProbes()
			for _, apps := range probes {
				for _, pod := range apps {
					if found := versionsOf(pod.addresses); found != versions {
						t.Errorf("pod %s: expected addresses of IP versions %s, found %v", pod.pod, versions, pod.addresses)
					}
				}
			}
			c.expectReach(probes)
			t.Run("source address", func(t *testing.T) { c.on(t).testSource(probes) })
			t.Run("services", func(t *testing.T) { c.on(t).testServices(probes, versions) })
			t.Run("the API server's ways", func(t *testing.T) { c.on(t).testAPIServersWays(probes) })
			t.Run("faults", func(t *testing.T) { c.on(t).testFaultsOfFamilies(probes) })
		})
	}
}

func versionsOf(addresses []string) string {
	versions := ""
	for _, address := range addresses {
		if netip.MustParseAddr(address).Is4() {
			versions += "4"
		} else {
			versions += "6"
		}
	}
	return versions
}

// testSource expects a pod to see who asks, in each family.
func (c *cluster) testSource(probes map[string]map[string]probe) {
	from := probes["client"]["node-1"]
	for i, address := range probes["web"]["node-2"].addresses {
		out := c.shell(from.pod, "curl -gsS -m 5 http://"+net.JoinHostPort(address, "9876")+"/info")
		if !strings.Contains(out, `"from": "`+from.addresses[i]+`"`) {
			c.t.Errorf("from %s: expected an answer that names the caller, found %s", from.addresses[i], out)
		}
	}
}

func (c *cluster) testServices(probes map[string]map[string]probe, versions string) {
	c.apply(dualService)
	addresses := strings.Fields(c.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIPs[*]}"))
	if found := versionsOf(addresses); found != versions {
		c.t.Errorf("expected a service of IP versions %s, found %v", versions, addresses)
	}
	var urls []string
	for _, address := range addresses {
		urls = append(urls, net.JoinHostPort(address, "80"))
	}
	for _, address := range probes["host"]["node-2"].addresses {
		urls = append(urls, net.JoinHostPort(address, "30080"))
	}
	for _, from := range []probe{probes["client"]["node-1"], probes["host"]["node-1"]} {
		for _, url := range urls {
			c.eventually(fmt.Sprintf("%s answers %s", url, from.pod), func() bool {
				return strings.Contains(c.shell(from.pod, "curl -gsS -m 1 http://"+url+"/health || true"), "healthy")
			})
		}
	}
}

func (c *cluster) testAPIServersWays(probes map[string]map[string]probe) {
	for node, pod := range probes["web"] {
		if out := c.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/"+pod.pod+":9876/proxy/health"); !strings.Contains(out, "healthy") {
			c.t.Errorf("proxy to %s: %s", node, out)
		}
		if out := c.kubectl("logs", pod.pod, "-c", "sise"); !strings.Contains(out, "/health") {
			c.t.Errorf("logs from %s: %s", node, out)
		}
	}
}

func (c *cluster) testFaultsOfFamilies(probes map[string]map[string]probe) {
	c.must("fault", "set", "partition", "node-1", "node-2")
	c.expectReach(probes, "node-1", "node-2")
	c.must("fault", "clear")
	addresses := probes["web"]["node-2"].addresses
	denied := addresses[len(addresses)-1] // of IPv6
	c.must("fault", "set", "deny", denied)
	for i, got := range c.ask(probes["client"]["node-1"].pod, addresses...) {
		want := answered
		if addresses[i] == denied {
			want = timedOut
		}
		if got != want {
			c.t.Errorf("%s, where %s is denied: expected curl's exit code %s, found %s", addresses[i], denied, want, got)
		}
	}
	c.must("fault", "clear")
	c.expectReach(probes)
}
