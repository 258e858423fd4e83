//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

const hostPIDPod = `
apiVersion: v1
kind: Pod
metadata: {name: host}
spec:
  hostPID: true
  nodeName: node-1
  terminationGracePeriodSeconds: 0
  containers: [{name: shell, image: "quay.io/centos/centos:stream9", command: [sleep, infinity], securityContext: {privileged: true}}]
`

// TestAPodWithHostPIDSeesItsNodeAlone: neither the machine nor another node, and what it kills is its node's.
func TestAPodWithHostPIDSeesItsNodeAlone(t *testing.T) {
	exhaustive(t)
	marker := exec.Command("sleep", "86399.25")
	if err := marker.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- marker.Wait() }()
	t.Cleanup(func() { _ = marker.Process.Kill() })
	c := newCluster(t)
	c.up("--nodes", "2")
	c.apply(hostPIDPod)
	c.kubectl("wait", "--for=condition=Ready", "pod/host", "--timeout=60s")
	seen := c.shell("host", `for p in /proc/[0-9]*; do echo "${p#/proc/} $(tr '\0' ' ' <$p/cmdline)"; done`)
	for text, want := range map[string]bool{
		"/kubelet ": true, "/containerd ": true, "/kube-proxy ": true, "1 sleep infinity": true, "--hostname-override=node-1": true,
		"--hostname-override=node-2": false, "kube-apiserver": false, "etcd": false, "86399.25": false, "supervise": false,
	} {
		if strings.Contains(seen, text) != want {
			t.Errorf("%q: expected to see it: %t, found\n%s", text, want, seen)
		}
	}
	// All that it may kill. The first process of the node stays.
	_ = c.command("kubectl", "exec", "host", "-c", "shell", "--", "bash", "-c", "kill -9 1; kill -9 -1").Run()
	select {
	case err := <-ended:
		t.Errorf("expected the machine's process to run on, found it ended: %v", err)
	case <-time.After(2 * time.Second):
	}
	c.kubectl("wait", "--for=condition=Ready", "node/node-2", "--timeout=1s")
	deadline := time.Now().Add(60 * time.Second)
	for strings.TrimSpace(c.kubectl("get", "pod", "host", "-o", "jsonpath={.status.containerStatuses[0].restartCount}{.status.containerStatuses[0].ready}")) != "1true" {
		if time.Now().After(deadline) {
			t.Fatalf("expected the node to start the pod again, found %s", c.kubectl("get", "pods", "-o", "wide"))
		}
		time.Sleep(200 * time.Millisecond)
	}
}
