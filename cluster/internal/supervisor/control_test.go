package supervisor

import (
	"bytes"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/fault"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// controlled serves the control socket of a cluster with a folder and no processes: enough for faults that change files.
func controlled(t *testing.T) (state.Dir, *Control) {
	t.Helper()
	dir, cluster := state.Dir(t.TempDir()), state.Cluster{Name: "kbe", Nodes: []string{"node-1", "node-2"}, IPFamily: "ipv4"}
	plan := network.PlanOf(cluster)
	topology := &topology{dir: dir, cluster: cluster, plan: plan, nodes: []*sandbox.Sandbox{{}, {}}}
	control := &Control{ctx: t.Context(), front: registry.NewFront(dir.RegistrySocket())}
	for i, name := range cluster.Nodes {
		control.nodes = append(control.nodes, &host{Node: config.Node{Plan: plan, Name: name, Index: i + 1}, dir: dir, topology: topology, filters: map[string]string{}})
	}
	return dir, control
}

func plugin(t *testing.T, dir state.Dir, node string) string {
	t.Helper()
	data, err := os.ReadFile(dir.Node(node, config.NetworkPluginFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFaultsOverTheSocket(t *testing.T) {
	dir, control := controlled(t)
	if found, err := Faults(t.Context(), dir); err != nil || found != nil {
		t.Errorf("a cluster that starts: expected no faults, found %v, %v", found, err)
	}
	if err := control.serve(dir.ControlSocket()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir.ControlSocket()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("control socket: expected mode 0600, found %v, %v", info, err)
	}
	duplicate := fault.Fault{Name: "duplicate", Args: []string{"node-2"}}
	for _, c := range []struct {
		change       fault.Change
		changed, set int
		address      bool
	}{
		{fault.Change{Fault: duplicate}, 1, 1, true},
		{fault.Change{Fault: duplicate}, 0, 1, true},
		{fault.Change{Fault: fault.Fault{Name: "pause"}, Clear: true}, 0, 1, true},
		{fault.Change{Clear: true}, 1, 0, false},
		{fault.Change{Clear: true}, 0, 0, false},
	} {
		changed, err := SetFaults(t.Context(), dir, c.change)
		if err != nil || len(changed) != c.changed || len(changed) == 1 && !changed[0].Equal(duplicate) {
			t.Errorf("%+v: expected %d changed faults, found %v, %v", c.change, c.changed, changed, err)
		}
		if set, err := Faults(t.Context(), dir); err != nil || len(set) != c.set {
			t.Errorf("%+v: expected that %d faults are set, found %v, %v", c.change, c.set, set, err)
		}
		if text := plugin(t, dir, "node-2"); strings.Contains(text, "10.244.2.254") != c.address {
			t.Errorf("%+v: one address for all pods: expected %t, found\n%s", c.change, c.address, text)
		}
	}
	if _, err := os.Stat(dir.Node("node-1", config.NetworkPluginFile)); err == nil {
		t.Error("the other node: expected that nothing is written")
	}
}

func TestChangesAtOnce(t *testing.T) {
	dir, control := controlled(t)
	if err := control.serve(dir.ControlSocket()); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	for _, node := range []string{"node-1", "node-2"} {
		for range 4 {
			work.Go(func() {
				if _, err := SetFaults(t.Context(), dir, fault.Change{Fault: fault.Fault{Name: "duplicate", Args: []string{node}}}); err != nil {
					t.Error(err)
				}
			})
			work.Go(func() {
				if _, err := Faults(t.Context(), dir); err != nil {
					t.Error(err)
				}
			})
		}
	}
	work.Wait()
	if set, err := Faults(t.Context(), dir); err != nil || len(set) != 2 {
		t.Errorf("expected one fault for each node, found %v, %v", set, err)
	}
}

func TestFaultsThatCannotBeSet(t *testing.T) {
	dir, control := controlled(t)
	if err := control.serve(dir.ControlSocket()); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir()) // without nft
	for name, says := range map[string]string{
		"no-such-fault": `fault "no-such-fault": expected one of deny,`,
		"masquerade":    "node-1: nft: ",
	} {
		_, err := SetFaults(t.Context(), dir, fault.Change{Fault: fault.Fault{Name: name, Args: []string{"node-1"}}})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: expected an error with %q, found %v", name, says, err)
		}
	}
}

func TestASupervisorThatIsGone(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if _, err := SetFaults(t.Context(), dir, fault.Change{Clear: true}); err == nil || !strings.Contains(err.Error(), "see `kbe-cluster status --name "+dir.Name()) {
		t.Errorf("no socket: expected an error with what to do, found %v", err)
	}
	socket, err := net.Listen("unix", dir.ControlSocket())
	if err != nil {
		t.Fatal(err)
	}
	socket.(*net.UnixListener).SetUnlinkOnClose(false)
	socket.Close()
	if _, err := Faults(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "does not respond") {
		t.Errorf("a socket without a listener: expected an error, found %v", err)
	}
}

func TestEvents(t *testing.T) {
	var out bytes.Buffer
	e := newEvents(&out)
	e.ready("nodes", "ready")
	e.send(Event{Failed: "why", Log: "etcd"})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], `{"part":"nodes","what":"ready","seconds":`) || !strings.Contains(lines[1], `"failed":"why","log":"etcd"`) {
		t.Errorf("expected two lines of JSON, found %q", lines)
	}
}
