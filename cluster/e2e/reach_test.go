//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// probes puts on each node a web server, a pod that asks it, and the same on the node's own network. The server is the
// plugin's own, SERVICE, which also listens on IPv6.
const probes = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers:
      - name: sise
        image: quay.io/centos/centos:stream9
        command: [python3, -c, SERVICE]
        readinessProbe: {tcpSocket: {port: 9876}, periodSeconds: 1}
      - {name: shell, image: "quay.io/centos/centos:stream9", command: [sleep, infinity]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: client}
spec:
  selector: {matchLabels: {app: client}}
  template:
    metadata: {labels: {app: client}}
    spec:
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers: [{name: shell, image: "quay.io/centos/centos:stream9", command: [sleep, infinity]}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: host}
spec:
  selector: {matchLabels: {app: host}}
  template:
    metadata: {labels: {app: host}}
    spec:
      hostNetwork: true
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers: [{name: shell, image: "quay.io/centos/centos:stream9", command: [sleep, infinity]}]
`

// probe is one of the pods above.
type probe struct {
	pod, node string
	addresses []string
}

// startProbes returns the pods of each DaemonSet by node.
func (c *cluster) startProbes() map[string]map[string]probe {
	c.t.Helper()
	c.apply(strings.Replace(probes, "SERVICE", quoted(service(c.t)), 1))
	for _, app := range []string{"web", "client", "host"} {
		c.kubectl("rollout", "status", "daemonset/"+app, "--timeout=60s")
	}
	c.look()
	return c.probes()
}

// service is the text of the plugin's own HTTP service, which runs on the shell's image.
func service(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../examples/service.py")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// quoted is a text in JSON, which is YAML, too.
func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err) // no string fails
	}
	return string(out)
}

// runService starts a pod with it; node may be "", for any.
func (c *cluster) runService(name, node string) {
	c.t.Helper()
	c.kubectl("run", name, "--image="+shellRef, `--overrides={"spec":{"nodeName":`+quoted(node)+`}}`, "--", "python3", "-c", service(c.t))
}

func (c *cluster) probes() map[string]map[string]probe {
	c.t.Helper()
	found := map[string]map[string]probe{}
	const list = "jsonpath={range .items[*]}{.metadata.labels.app} {.metadata.name} {.spec.nodeName} {.status.podIPs[*].ip}{'\\n'}{end}"
	for line := range strings.Lines(c.kubectl("get", "pods", "-o", list)) {
		f := strings.Fields(line)
		if found[f[0]] == nil {
			found[f[0]] = map[string]probe{}
		}
		found[f[0]][f[2]] = probe{pod: f[1], node: f[2], addresses: f[3:]}
	}
	return found
}

// What curl's exit code says.
const (
	answered = "0"
	refused  = "7" // also: no route
	timedOut = "28"
)

// ask returns how each address on port 9876 answers a pod: one of the above. It asks all of them at once.
func (c *cluster) ask(pod string, addresses ...string) []string {
	c.t.Helper()
	var script strings.Builder
	for i, address := range addresses {
		fmt.Fprintf(&script, "curl -gsS -m 1 -o /dev/null -w '%d %%{exitcode}\\n' http://%s/health 2>/dev/null & ", i, net.JoinHostPort(address, "9876"))
	}
	codes := make([]string, len(addresses))
	for line := range strings.Lines(c.shell(pod, script.String()+"wait")) {
		f := strings.Fields(line)
		if i, err := strconv.Atoi(f[0]); err == nil && i < len(codes) && len(f) == 2 {
			codes[i] = f[1]
		}
	}
	return codes
}

// expectReach has every pod ask the web server of every node, and expects an answer, except from one of two nodes to the
// other where these are cut off from each other.
func (c *cluster) expectReach(probes map[string]map[string]probe, cut ...string) {
	c.t.Helper()
	type target struct{ node, address string }
	var targets []target
	var addresses []string
	for node, web := range probes["web"] {
		for _, address := range web.addresses {
			targets, addresses = append(targets, target{node, address}), append(addresses, address)
		}
	}
	var asking sync.WaitGroup
	for _, from := range slices.Concat(slices.Collect(maps.Values(probes["web"])), slices.Collect(maps.Values(probes["client"])), slices.Collect(maps.Values(probes["host"]))) {
		asking.Go(func() {
			for i, got := range c.ask(from.pod, addresses...) {
				want := answered
				if from.node != targets[i].node && slices.Contains(cut, from.node) && slices.Contains(cut, targets[i].node) {
					want = timedOut
				}
				if got != want {
					c.t.Errorf("from %s on %s to %s on %s: expected curl's exit code %s, found %q", from.pod, from.node, addresses[i], targets[i].node, want, got)
				}
			}
		})
	}
	asking.Wait()
}

// on is the cluster for a subtest.
func (c *cluster) on(t *testing.T) *cluster {
	sub := *c
	sub.t = t
	return &sub
}
