//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTenNodes shows that the last of many nodes works as the first does.
func TestTenNodes(t *testing.T) {
	exhaustive(t)
	c := newCluster(t)
	begin := time.Now()
	c.up("--nodes=10")
	t.Logf("10 nodes: up after %s, resident memory of all parts %d MiB", time.Since(begin).Round(100*time.Millisecond), c.memory()>>20)
	for node := range strings.FieldsSeq("node-1 node-10") {
		c.runService(node, node)
		c.kubectl("run", node+"-shell", "--image=quay.io/centos/centos:stream9", `--overrides={"spec":{"nodeName":"`+node+`","containers":[{"name":"shell","image":"quay.io/centos/centos:stream9","command":["sleep","infinity"]}]}}`)
	}
	c.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
	c.look()
	for from, to := range map[string]string{"node-1": "node-10", "node-10": "node-1"} {
		address := c.kubectl("get", "pod", to, "-o", "jsonpath={.status.podIP}")
		c.eventually(fmt.Sprintf("%s answers %s", to, from), func() bool { return c.ask(from+"-shell", address)[0] == answered })
	}
}
