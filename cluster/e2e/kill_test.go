//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func TestKilledSupervisor(t *testing.T) {
	exhaustive(t)
	c := newCluster(t)
	c.up("--nodes=2")
	c.runService("sise", "")
	c.kubectl("wait", "--for=condition=Ready", "pod/sise", "--timeout=30s")
	c.look()
	etcd := c.component("etcd").PID
	kill(t, c.supervisor())
	c.eventually("the components end with their supervisor", func() bool { return !alive(etcd) })
	out, code := c.run("status")
	if code != 3 || !strings.Contains(out, "supervisor is gone") || !strings.Contains(out, "kbe-cluster down --name "+c.name) {
		t.Errorf("status: expected exit code 3 and what to do about the dead supervisor, found %d:\n%s", code, out)
	}
	if out, code := c.run("images"); code != 3 || !strings.Contains(out, "kbe-cluster up --name "+c.name) {
		t.Errorf("images: expected exit code 3 and what to do, found %d:\n%s", code, out)
	}
	t.Run("up removes the remains and starts again", func(t *testing.T) {
		if out := c.must("up", "--nodes=1"); !strings.Contains(out, "removing the remains") {
			t.Errorf("expected up to say that it removes the remains:\n%s", out)
		}
		c.look()
	})
	t.Run("down removes the remains", func(t *testing.T) {
		kill(t, c.supervisor())
		c.must("down")
		c.mustBeGone()
	})
}

func TestKilledComponentsComeBack(t *testing.T) {
	exhaustive(t)
	c := newCluster(t)
	c.up("--nodes=2")
	for node := range strings.FieldsSeq("node-1 node-2") {
		c.runService("sise-"+node, node)
	}
	c.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s")
	before := c.containers()
	for _, name := range []string{"node-1/containerd", "node-2/kubelet", "node-1/kube-proxy", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"} {
		was := c.component(name)
		kill(t, was.PID)
		c.eventually(name+" is restarted, and the restart counted", func() bool {
			now := c.component(name)
			return now.PID != 0 && now.PID != was.PID && now.Restarts == was.Restarts+1
		})
	}
	c.eventually("the API server answers", func() bool { _, code := c.run("status"); return code == 0 })
	c.eventually("new pods start", func() bool {
		_, code := c.run("kubectl", "run", "after", "--image="+shellRef, "--", "sleep", "infinity")
		return code == 0
	})
	c.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
	after := c.containers()
	for id := range before {
		if !after[id] {
			t.Errorf("container %s did not survive the restart of the components", id)
		}
	}
}

// containers returns the IDs of the running containers.
func (c *cluster) containers() map[string]bool {
	ids := map[string]bool{}
	for id := range strings.FieldsSeq(c.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].containerID}")) {
		ids[id] = true
	}
	return ids
}

func (c *cluster) supervisor() int {
	c.t.Helper()
	var p state.Process
	data, err := os.ReadFile(filepath.Join(state.Root(), c.name, "supervisor.json"))
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return p.PID
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 {
		t.Fatalf("process %d: expected one of the cluster", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// alive is false for a zombie, which has no mounts any more.
func alive(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	return err == nil && len(data) > 0
}
