package launch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/preflight"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

// envScript says what this very program does where follow starts it as the supervisor, which needs root.
const envScript = "KBE_CLUSTER_TEST_SUPERVISOR"

func TestMain(m *testing.M) {
	if os.Getenv(EnvSupervised) == "" {
		m.Run()
		return
	}
	supervise(os.Getenv(envScript))
}

// supervise is the supervisor's part of the conversation with follow.
func supervise(script string) {
	fmt.Println("the log of", strings.Join(os.Args[1:], " "))
	out := json.NewEncoder(os.NewFile(fdEvents, "events"))
	send := func(e supervisor.Event) { _ = out.Encode(e) }
	api, err := net.FileListener(os.NewFile(fdAPI, "api"))
	if err != nil {
		script = "failed"
	}
	send(supervisor.Event{Part: "namespaces", What: "made", Seconds: 0.5})
	switch script {
	case "up":
		send(supervisor.Event{Up: true})
	case "failed":
		send(supervisor.Event{Failed: "no room", Log: "supervisor"})
	case "silent":
		_, _ = api.Accept() // until the test kills it
	}
}

// followed has follow start this program with a script, and returns what the user sees.
func followed(ctx context.Context, t *testing.T, dir state.Dir, script string) (string, error) {
	t.Helper()
	t.Setenv(envScript, script)
	api, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	shown, err := os.Create(filepath.Join(t.TempDir(), "shown"))
	if err != nil {
		t.Fatal(err)
	}
	defer shown.Close()
	err = follow(ctx, dir, api.(*net.TCPListener), 7*time.Second, progress.New(shown))
	text, readErr := os.ReadFile(shown.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(text), err
}

func TestFollow(t *testing.T) {
	for script, says := range map[string][]string{
		"up":     nil,
		"failed": {"cluster kbe did not come up: no room", "the end of the log of supervisor:\n  the log of supervise --wait 7s kbe"},
		"ended":  {"supervisor: it ended unexpectedly", "the log of supervise --wait 7s kbe"},
	} {
		dir := state.Dir(filepath.Join(t.TempDir(), "kbe"))
		shown, err := followed(t.Context(), t, dir, script)
		if (err == nil) != (says == nil) {
			t.Errorf("%s: found %v", script, err)
		}
		for _, text := range says {
			if err != nil && !strings.Contains(err.Error(), text) {
				t.Errorf("%s: expected an error with %q, found %v", script, text, err)
			}
		}
		if !strings.Contains(shown, "namespaces") || !strings.Contains(shown, "0.5s") {
			t.Errorf("%s: expected the progress, found %q", script, shown)
		}
	}
}

func TestFollowIsInterrupted(t *testing.T) {
	dir := state.Dir(filepath.Join(t.TempDir(), "kbe"))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if _, err := dir.Supervisor(); err == nil {
				cancel()
				return
			}
		}
	}()
	_, err := followed(ctx, t, dir, "silent")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("expected that it was cancelled, found %v", err)
	}
	process, err := dir.Supervisor()
	if err != nil || !process.Alive() {
		t.Fatalf("expected the process in the cluster's files, for its removal, found %+v, %v", process, err)
	}
	self, err := os.FindProcess(process.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Kill(); err != nil {
		t.Error(err)
	}
}

func TestWriteFiles(t *testing.T) {
	dir := state.Dir(filepath.Join(t.TempDir(), "kbe"))
	cluster := state.Cluster{Name: "kbe", Nodes: []string{"node-1", "node-2"}, IPFamily: "dual", Server: "https://127.0.0.1:6443", ProxyMode: "nftables"}
	if err := writeFiles(dir, cluster); err != nil {
		t.Fatal(err)
	}
	mode := func(path string) os.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if mode(string(dir)) != 0o700 || mode(dir.Kubeconfig()) != 0o600 {
		t.Errorf("expected that only the owner reads the folder and the kubeconfig, found %o and %o", mode(string(dir)), mode(dir.Kubeconfig()))
	}
	ids := map[string]bool{}
	for i, name := range cluster.Nodes {
		kubelet, err := os.ReadFile(dir.Node(name, "/etc/kubernetes/kubelet.yaml"))
		if want := "/kbe-cluster/kbe/" + name; err != nil || !bytes.Contains(kubelet, []byte(want)) {
			t.Errorf("%s: expected the control group %s, found %s, %v", name, want, kubelet, err)
		}
		plugin, err := os.ReadFile(dir.Node(name, "/etc/cni/net.d/10-kbe.conflist"))
		if want := fmt.Sprintf("10.244.%d.0/24", i+1); err != nil || !bytes.Contains(plugin, []byte(want)) {
			t.Errorf("%s: expected pods in %s, found %s, %v", name, want, plugin, err)
		}
		id, err := os.ReadFile(dir.Node(name, "/etc/machine-id"))
		if err != nil || len(id) != 33 || ids[string(id)] {
			t.Errorf("%s: expected 32 digits of its own, found %q, %v", name, id, err)
		}
		ids[string(id)] = true
		if found := mode(dir.Node(name, "/etc/resolv.conf")); found != 0o644 {
			t.Errorf("%s: resolv.conf: expected that containers may read it, found mode %o", name, found)
		}
	}
	if _, err := os.Stat(dir.AuditPolicy()); err == nil {
		t.Error("expected no audit policy")
	}
	cluster.Audit = true
	if err := writeFiles(dir, cluster); err != nil {
		t.Fatal(err)
	}
	if mode(dir.AuditPolicy()) != 0o600 {
		t.Errorf("audit policy: found mode %o", mode(dir.AuditPolicy()))
	}
}

// TestAlreadyUp has this process stand for the supervisor.
func TestAlreadyUp(t *testing.T) {
	dir := state.Dir(filepath.Join(t.TempDir(), "kbe"))
	self, err := state.ProcessOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		write func() error
		up    bool
	}{
		{"nothing", func() error { return nil }, false},
		{"files", func() error { return dir.WriteCluster(state.Cluster{Name: "kbe", Nodes: []string{"node-1"}}) }, false},
		{"a supervisor", func() error { return dir.WriteSupervisor(self) }, false},
		{"one that starts", func() error { return dir.WriteStatus(state.Status{}) }, false},
		{"one that is ready", func() error { return dir.WriteStatus(state.Status{Ready: time.Now()}) }, true},
		{"one that ended", func() error { return dir.WriteSupervisor(state.Process{PID: self.PID, Start: self.Start + 1}) }, false},
	} {
		if err := c.write(); err != nil {
			t.Fatal(err)
		}
		if up, err := alreadyUp(dir, progress.New(os.Stderr)); err != nil || up != c.up {
			t.Errorf("%s: expected %t, found %t, %v", c.name, c.up, up, err)
		}
	}
	if err := os.WriteFile(dir.Path("supervisor.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := alreadyUp(dir, progress.New(os.Stderr)); err == nil || !strings.Contains(err.Error(), "kbe-cluster down --name kbe") {
		t.Errorf("a broken file: expected an error with what to do, found %v", err)
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := state.Dir(filepath.Join(t.TempDir(), "kbe"))
	_, err = launch(t.Context(), dir, Options{Nodes: 1, Port: taken.Addr().(*net.TCPAddr).Port}, preflight.Result{}, Built{}, "", progress.New(os.Stderr))
	if err == nil || !strings.Contains(err.Error(), "choose another --port") || dir.Exists() {
		t.Errorf("expected an error with what to do, and no files, found %v", err)
	}
}

func TestTail(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if text := tail(dir, "etcd"); text != "" {
		t.Errorf("no log: found %q", text)
	}
	var log strings.Builder
	for i := range tailLines + 5 {
		fmt.Fprintln(&log, "line", i)
	}
	if err := state.WriteFile(dir.Log("etcd"), []byte(log.String())); err != nil {
		t.Fatal(err)
	}
	text := tail(dir, "etcd")
	if !strings.HasPrefix(text, "\nthe end of the log of etcd:\n  line 5\n") || !strings.HasSuffix(text, "\n  line 19") || strings.Count(text, "\n") != tailLines+1 {
		t.Errorf("expected the last %d lines, found %q", tailLines, text)
	}
}

func TestWaiting(t *testing.T) {
	w := newWaiting()
	if text := w.String(); !strings.Contains(text, "after the start") {
		t.Errorf("found %q", text)
	}
	w.ready("etcd")
	if text := w.String(); !strings.Contains(text, "after etcd") {
		t.Errorf("found %q", text)
	}
}
