package cgroup

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const v1 = `24 21 0:22 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
25 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
26 24 0:24 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
27 24 0:25 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
28 24 0:26 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
29 24 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
30 24 0:25 / /elsewhere/memory rw,relatime - cgroup cgroup rw,memory
`

func TestParse(t *testing.T) {
	hs, err := parse(strings.NewReader(v1))
	if err != nil {
		t.Fatal(err)
	}
	var mounts []string
	for _, h := range hs {
		mounts = append(mounts, filepath.Base(h.Mount))
		if h.V2 != (filepath.Base(h.Mount) == "unified") {
			t.Errorf("%s: version 2 is %t", h.Mount, h.V2)
		}
	}
	if want := []string{"cpu,cpuacct", "cpuset", "memory", "systemd", "unified"}; !reflect.DeepEqual(mounts, want) {
		t.Errorf("expected each hierarchy once, %v, found %v", want, mounts)
	}
	if missing := Missing(hs); !reflect.DeepEqual(missing, []string{"pids"}) {
		t.Errorf("expected pids to be missing, found %v", missing)
	}
}

// TestCreate works on plain folders: it shows which files are written, in v1 and in v2.
func TestCreate(t *testing.T) {
	cpuset := Hierarchy{Mount: t.TempDir(), Controllers: []string{"cpuset"}}
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		write(t, filepath.Join(cpuset.Mount, name), "0-3")
	}
	group := Of([]Hierarchy{cpuset}, "kbe").Child("node-1")
	if err := group.Create(); err != nil {
		t.Fatal(err)
	}
	if err := group.Create(); err != nil {
		t.Errorf("a group that is there: %v", err)
	}
	if got, _ := os.ReadFile(cpuset.Mount + "/kbe-cluster/kbe/node-1/cpuset.mems"); string(got) != "0-3" {
		t.Errorf("a v1 cpuset: expected the parent's memory nodes, found %q", got)
	}

	unified := Hierarchy{Mount: t.TempDir(), V2: true}
	write(t, unified.Mount+"/cgroup.controllers", "cpuset cpu io memory pids rdma")
	write(t, unified.Mount+"/cgroup.subtree_control", "cpu memory")
	if err := unified.passOn(""); err != nil {
		t.Fatal(err)
	}
	// A plain file keeps the last write only.
	if got, _ := os.ReadFile(unified.Mount + "/cgroup.subtree_control"); string(got) != "+pids" {
		t.Errorf("controllers passed on: expected the last written to be +pids, found %q", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
