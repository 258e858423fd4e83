//go:build e2e

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// TestDNS is about the names that pods look up.
func TestDNS(t *testing.T) {
	c := newCluster(t)
	c.up("--nodes=2", "--ip-family=dual")
	c.kubectl("rollout", "status", "deployment/coredns", "--namespace=kube-system", "--timeout=60s")
	for _, node := range []string{"node-1", "node-2"} {
		c.runService("web-"+node, node)
	}
	c.kubectl("wait", "--for=condition=Ready", "pod/web-node-1", "pod/web-node-2", "--timeout=60s")
	c.kubectl("expose", "pod", "web-node-1", "--name=web", "--port=9876", `--overrides={"spec":{"ipFamilyPolicy":"RequireDualStack"}}`)
	addresses := c.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIPs[*]}")
	c.look()

	for _, pod := range []string{"web-node-1", "web-node-2"} {
		own := c.kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIPs[*].ip}")
		for name, want := range map[string]string{
			"web":                           addresses,
			"web.default":                   addresses,
			"web.default.svc.cluster.local": addresses,
			"localhost":                     "127.0.0.1 ::1",
			pod:                             own,
		} {
			c.eventually(pod+" knows "+name, func() bool { return c.lookUp(pod, name) == want })
		}
	}
	for _, name := range []string{"no-such-name", "no-such-service.default.svc.cluster.local", "example.com"} {
		found := strings.Fields(c.lookUp("web-node-1", name))
		// EAI_NONAME (netdb.h): there is no such name, without a doubt.
		if len(found) != 2 || found[0] != "-2" {
			t.Errorf("%s: expected that there is none, found %s", name, found)
		} else if took, err := strconv.ParseFloat(found[1], 64); err != nil || took > 1 {
			t.Errorf("%s: expected an answer within a second, found %s", name, found[1])
		}
	}
}

// lookUp returns the addresses of a name, in order, as a program in a pod gets them, or the number of its error, and the
// seconds after which it got that.
func (c *cluster) lookUp(pod, name string) string {
	c.t.Helper()
	const program = `
import socket, time
begin = time.monotonic()
try:
    found = {a[4][0] for a in socket.getaddrinfo(%q, 80)}
    print(*sorted(found, key=lambda a: (":" in a, a)))
except socket.gaierror as e:
    print(e.errno, time.monotonic() - begin)
`
	return c.kubectl("exec", pod, "--", "python3", "-c", fmt.Sprintf(strings.TrimSpace(program), name))
}
