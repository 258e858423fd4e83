package state

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	t.Setenv(EnvRoot, "/somewhere/else/")
	dir, err := Open("kbe-2")
	if err != nil || string(dir) != "/somewhere/else/kbe-2" || dir.Name() != "kbe-2" {
		t.Errorf("expected /somewhere/else/kbe-2, found %s, %v", dir, err)
	}
	for _, name := range []string{"", "UPPER", "-a", "a-", "a/b", "..", "a.b", strings.Repeat("a", 31)} {
		if _, err := Open(name); err == nil {
			t.Errorf("name %q: expected an error", name)
		}
	}
	for _, root := range []string{"relative", "/" + strings.Repeat("long", 20)} {
		t.Setenv(EnvRoot, root)
		if _, err := Open("kbe"); err == nil || !strings.Contains(err.Error(), EnvRoot) {
			t.Errorf("%s=%s: expected an error that names the variable, found %v", EnvRoot, root, err)
		}
	}
}

func TestParseStartTime(t *testing.T) {
	const fields = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"
	if start, err := parseStartTime("42 (a ) (b) S" + fields); err != nil || start != 4711 {
		t.Errorf("expected 4711, found %d, %v", start, err)
	}
	for _, stat := range []string{"", "42 (short) S 1", "42 (zombie) Z" + fields} {
		if _, err := parseStartTime(stat); err == nil {
			t.Errorf("%q: expected an error", stat)
		}
	}
}

func TestAlive(t *testing.T) {
	self, err := ProcessOf(os.Getpid())
	if err != nil || !self.Alive() {
		t.Fatalf("this process: expected it alive, %v", err)
	}
	if (Process{PID: self.PID, Start: self.Start + 1}).Alive() {
		t.Error("a process with another start time: expected it not alive")
	}
	if (Process{}).Alive() {
		t.Error("no process: expected it not alive")
	}
}

func TestFilesComeBack(t *testing.T) {
	dir := Dir(filepath.Join(t.TempDir(), "kbe"))
	if _, err := dir.Cluster(); !os.IsNotExist(err) {
		t.Errorf("no cluster: expected a missing file, found %v", err)
	}
	want := Status{Components: []Component{{Name: "etcd", PID: 7, Restarts: 1}}}
	if err := dir.WriteStatus(want); err != nil {
		t.Fatal(err)
	}
	got, err := dir.Status()
	if err != nil || len(got.Components) != 1 || got.Components[0] != want.Components[0] {
		t.Errorf("expected %+v, found %+v, %v", want, got, err)
	}
	info, err := os.Stat(dir.Path("status.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("expected a file of mode 0600, found %v, %v", info, err)
	}
}

func TestLogs(t *testing.T) {
	dir := Dir(t.TempDir())
	if names, err := dir.Logs(); err != nil || names != nil {
		t.Errorf("no logs: found %v, %v", names, err)
	}
	for _, name := range []string{"node-1/kubelet", "etcd"} {
		if err := WriteFile(dir.Log(name), nil); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := dir.Logs(); err != nil || strings.Join(names, " ") != "etcd node-1/kubelet" {
		t.Errorf("expected etcd and node-1/kubelet, found %v, %v", names, err)
	}
}

func TestLock(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	dir := Dir(filepath.Join(root, "kbe"))
	unlock, err := dir.Lock(t.Context(), func() { t.Error("the first lock had to wait") })
	if err != nil {
		t.Fatal(err)
	}
	waiting, got := make(chan struct{}), make(chan func())
	go func() {
		second, err := dir.Lock(t.Context(), func() { close(waiting) })
		if err != nil {
			t.Error(err)
		}
		got <- second
	}()
	<-waiting
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dir.Lock(ctx, func() {}); err == nil {
		t.Error("a lock that is held, with an ended context: expected an error")
	}
	unlock()
	(<-got)()
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("after the last unlock: expected the root folder to be gone, found %v", err)
	}
}
