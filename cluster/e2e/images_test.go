//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	serviceRef = "docker.io/mhausenblas/simpleservice:0.5.0"
	shellRef   = "quay.io/centos/centos:stream9"
)

// TestImages is about what the nodes have, and how the stand-ins behave in pods.
func TestImages(t *testing.T) {
	c := newCluster(t)
	c.up("--nodes=2")
	t.Run("list", func(t *testing.T) { testImageList(c.on(t)) })
	t.Run("stand-ins", func(t *testing.T) { testStandIns(c.on(t)) })
	t.Run("variants", func(t *testing.T) { testVariants(c.on(t)) })
}

// images returns the lines about a reference, less the reference.
func (c *cluster) images(ref string) (lines []string) {
	c.t.Helper()
	for line := range strings.Lines(c.must("images")) {
		if f := strings.Fields(line); f[0] == ref {
			lines = append(lines, strings.Join(f[1:], " "))
		}
	}
	return lines
}

// expectImages compares these lines with patterns, in their order.
func (c *cluster) expectImages(ref string, patterns ...string) {
	c.t.Helper()
	lines := c.images(ref)
	if len(lines) != len(patterns) {
		c.t.Errorf("%s: expected %d lines, found %q", ref, len(patterns), lines)
		return
	}
	for i, pattern := range patterns {
		if !regexp.MustCompile("^" + pattern).MatchString(lines[i]) {
			c.t.Errorf("%s: expected %q, found %q", ref, pattern, lines[i])
		}
	}
}

// variant builds one, and returns its archive.
func (c *cluster) variant(args ...string) string {
	c.t.Helper()
	cmd := c.command(append([]string{"image"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("%s: %v", cmd, err)
	}
	return strings.TrimSpace(string(out))
}

func testImageList(c *cluster) {
	const digest, size = `[0-9a-f]{12} `, `[0-9.]+ [KM]iB `
	c.expectImages(serviceRef, digest+size+"linux/amd64 all Stand-in: a Python program")
	c.expectImages(shellRef, digest+size+"linux/"+runtime.GOARCH+" all Stand-in with bash")
	c.expectImages("registry.k8s.io/pause:3.10.1", digest+size+"linux/"+runtime.GOARCH+" all Stand-in written in Go")
	before := c.images(serviceRef)[0][:12]

	replaced := c.variant(serviceRef, "--version=0.4.0")
	c.must("load", "--node=node-2", replaced)
	lines := c.images(serviceRef)
	if len(lines) != 2 || !strings.HasPrefix(lines[0], before) || !strings.Contains(lines[0], " node-1 ") ||
		strings.HasPrefix(lines[1], before) || !strings.Contains(lines[1], " node-2 ") {
		c.t.Errorf("loaded into one node: expected a line for each node, found %q", lines)
	}
	c.must("load", replaced)
	if again := c.images(serviceRef); len(again) != 1 || again[0][:12] != lines[1][:12] || !strings.Contains(again[0], " all ") {
		c.t.Errorf("loaded into both: expected one line that begins with %s, found %q", lines[1][:12], again)
	}
	if out, code := c.run("load", "--node=node-9", replaced); code != 2 || !strings.Contains(out, "node-1, node-2") {
		c.t.Errorf("load into a node that does not exist: expected exit code 2 and those that do, found %d: %s", code, out)
	}
	c.must("load", c.variant(serviceRef, "--version=0.5.0")) // for what follows
}

// testStandIns holds the stand-ins to what is known of the real images.
func testStandIns(c *cluster) {
	c.kubectl("run", "sise", "--image="+serviceRef, `--overrides={"spec":{"terminationGracePeriodSeconds":0}}`)
	c.kubectl("run", "shell", "--image="+shellRef, `--overrides={"spec":{"terminationGracePeriodSeconds":0}}`, "--", "sleep", "infinity")
	c.kubectl("wait", "--for=condition=Ready", "pod/shell", "--timeout=30s")
	c.expectIn("shell", map[string]string{
		"tr '\\0' ' ' </proc/1/cmdline; cat /proc/1/comm":                     "/usr/bin/coreutils --coreutils-prog-shebang=sleep /usr/bin/sleep infinity sleep",
		"type -P hostname ps nc; echo none":                                   "none",
		"python3 -c 'import http.server, json, socketserver, ssl' && echo $?": "0",
		"kill -TERM 1; kill -INT 1; sleep 0.3; cat /proc/1/comm":              "sleep",
		"/bin/sleep x; type -P sleep":                                         "sleep: invalid time interval ‘x’\nTry 'sleep --help' for more information.\n/usr/bin/sleep",
	})
	if runtime.GOARCH != "amd64" {
		c.ends("sise")
		return
	}
	c.kubectl("wait", "--for=condition=Ready", "pod/sise", "--timeout=30s")
	c.eventually("the service listens", func() bool {
		_, code := c.run("kubectl", "exec", "sise", "--", "curl", "-s", "localhost:9876/health")
		return code == 0
	})
	c.expectIn("sise", map[string]string{
		"id -u; pwd; tr '\\0' ' ' </proc/1/cmdline":                       "0\n/usr/src/app\npython ./simpleservice.py",
		"grep -c ':2694 ' /proc/net/tcp6; true":                           "0", // port 9876
		"kill -TERM 1; sleep 0.3; curl -s localhost:9876/endpoint0; true": `{"host": "localhost:9876", "version": "0.5.0", "result": "all is well"}`,
	})
}

// expectIn runs commands in a pod, and expects what they write.
func (c *cluster) expectIn(pod string, commands map[string]string) {
	c.t.Helper()
	for command, want := range commands {
		if got := c.kubectl("exec", pod, "--", "bash", "-c", "exec 2>&1; "+command); got != want {
			c.t.Errorf("%s: %s: expected %q, found %q", pod, command, want, got)
		}
	}
}

// ends waits until the program of a pod has ended, because it is for another machine.
func (c *cluster) ends(pod string) {
	c.t.Helper()
	c.eventually(pod+" ends with an exec format error", func() bool {
		out, _ := c.run("kubectl", "logs", pod)
		return strings.Contains(out, "exec format error")
	})
}

// testVariants runs what is not as the original.
func testVariants(c *cluster) {
	exhaustive(c.t)
	for name, flags := range map[string][]string{
		"foreign": {"--arch=" + other}, "mixed": {"--arch=" + runtime.GOARCH, "--program-arch=" + other}, "native": {"--arch=" + runtime.GOARCH, "--listen-after=3s"},
		"never": {"--arch=" + runtime.GOARCH, "--listen-after=never"},
	} {
		ref := "mine.test/" + name + ":1"
		c.must("load", c.variant(append([]string{ref}, flags...)...))
		c.kubectl("run", name, "--image="+ref)
	}
	c.expectImages("mine.test/foreign:1", ".* linux/"+other+" all Stand-in")
	c.ends("foreign")
	c.ends("mixed")
	c.kubectl("wait", "--for=condition=Ready", "pod/native", "pod/never", "--timeout=30s")
	c.look()
	address := func(name string) string { return c.kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}") }
	asked := func(name string) string {
		return c.kubectl("exec", "shell", "--", "bash", "-c", fmt.Sprintf("curl -s -o /dev/null -m 5 http://%s:9876/health; echo $?", address(name)))
	}
	c.eventually("native listens", func() bool { return asked("native") == answered })
	start, err := time.Parse(time.RFC3339, c.kubectl("get", "pod", "native", "-o", "jsonpath={.status.containerStatuses[0].state.running.startedAt}"))
	if took := time.Since(start); err != nil || took < 3*time.Second {
		c.t.Errorf("expected that it listens 3s after its start, found it after %s; %v", took, err)
	}
	if got := asked("never"); got != refused {
		c.t.Errorf("one that never listens: expected curl's exit code %s, found %s", refused, got)
	}
}

// other is an architecture that this machine is not of.
var other = map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
