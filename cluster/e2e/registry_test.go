//go:build e2e

package e2e

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestRegistry is about nodes that have no images, and pull them.
func TestRegistry(t *testing.T) {
	c := newCluster(t)
	c.up("--nodes=2", "--cold")
	t.Run("cold nodes pull", func(t *testing.T) { testColdNodes(c.on(t)) })
	t.Run("push", func(t *testing.T) { testPush(c.on(t)) })
	t.Run("refuses", func(t *testing.T) { testRefusals(c.on(t)) })
	t.Run("is slow", func(t *testing.T) { testSlowRegistry(c.on(t)) })
}

func testColdNodes(c *cluster) {
	if found := c.images(shellRef); len(found) > 0 {
		c.t.Errorf("cold nodes: expected that none has %s, found %q", shellRef, found)
	}
	c.kubectl("run", "shell", "--image="+shellRef, `--overrides={"spec":{"terminationGracePeriodSeconds":0}}`, "--", "sleep", "infinity")
	c.kubectl("wait", "--for=condition=Ready", "pod/shell", "--timeout=60s")
	c.expectImages(shellRef, `[0-9a-f]{12} .* linux/amd64,linux/arm64,linux/ppc64le,linux/s390x node-[12] Stand-in with bash`)
	if events := c.kubectl("events", "--for=pod/shell"); !strings.Contains(events, "Successfully pulled image") {
		c.t.Errorf("expected an event of the pull, found\n%s", events)
	}
}

func testPush(c *cluster) {
	archive := c.variant(serviceRef, "--version=0.4.0", "--arch="+runtime.GOARCH)
	c.must("push", archive, "ghcr.io/mine/service:0.4.0")
	c.kubectl("run", "mine", "--image=ghcr.io/mine/service:0.4.0", `--overrides={"spec":{"terminationGracePeriodSeconds":0}}`)
	c.kubectl("wait", "--for=condition=Ready", "pod/mine", "--timeout=60s")
	if out, code := c.run("push", archive, "example.com/mine:1"); code != 3 || !strings.Contains(out, "docker.io, ghcr.io, quay.io, registry.k8s.io") {
		c.t.Errorf("push for a registry that the nodes do not have from here: found %d: %s", code, out)
	}
}

// testRefusals sets an answer, sees that a pod waits for it, and that the pod runs after it is cleared.
func testRefusals(c *cluster) {
	c.must("fault", "set", "registry", "ghcr.io/mine", "429")
	c.kubectl("run", "limited", "--image=ghcr.io/mine/service:0.4.0", `--overrides={"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"limited","image":"ghcr.io/mine/service:0.4.0","imagePullPolicy":"Always"}]}}`)
	c.eventually("the pod waits", func() bool {
		return strings.Contains(c.kubectl("events", "--for=pod/limited"), "429 Too Many Requests")
	})
	c.expectFaults("registry ghcr.io/mine 429")
	c.must("fault", "clear", "registry")
	c.kubectl("wait", "--for=condition=Ready", "pod/limited", "--timeout=60s")

	c.must("fault", "set", "registry", "ghcr.io/mine/service", "401")
	c.kubectl("create", "secret", "docker-registry", "ghcr", "--docker-server=ghcr.io", "--docker-username=kbe", "--docker-password=kbe")
	c.kubectl("run", "private", "--image=ghcr.io/mine/service:0.4.0", `--overrides={"spec":{"terminationGracePeriodSeconds":0,"imagePullSecrets":[{"name":"ghcr"}],"containers":[{"name":"private","image":"ghcr.io/mine/service:0.4.0","imagePullPolicy":"Always"}]}}`)
	c.kubectl("wait", "--for=condition=Ready", "pod/private", "--timeout=60s")
	c.must("fault", "clear")
}

func testSlowRegistry(c *cluster) {
	c.must("push", c.variant(serviceRef, "--version=0.3.0", "--arch="+other, "--program-arch="+other), "ghcr.io/mine/slow:1") // layers that no node has
	c.must("fault", "set", "slow-registry", "40")
	begin := time.Now()
	c.kubectl("run", "slow", "--image=ghcr.io/mine/slow:1", `--overrides={"spec":{"nodeName":"node-1","terminationGracePeriodSeconds":0}}`)
	c.eventually("the image is pulled or refused", func() bool {
		events := c.kubectl("events", "--for=pod/slow")
		return strings.Contains(events, "Successfully pulled") || strings.Contains(events, "Failed to pull")
	})
	if took := time.Since(begin); took < 4*time.Second {
		c.t.Errorf("28 MB at 40 Mbit/s: expected that the pull takes 5s or more, found %s", took)
	}
	c.must("fault", "clear")
}
