//go:build e2e

package e2e

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// machine is what a cluster must leave as it found it. Other clusters may come and go meanwhile, so what names a
// cluster is looked for by name instead: see leftovers.
type machine map[string][]string

func look(t *testing.T) machine {
	t.Helper()
	m := machine{}
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		m["links"] = append(m["links"], l.Name)
	}
	m["named network namespaces"] = names("/run/netns/*")
	m["folders of Kubernetes"] = slices.Concat(names("/usr/libexec/kubernetes*"), names("/etc/kubernetes*"), names("/etc/cni*"), names("/var/lib/kubelet*"),
		names("/var/lib/containerd*"), names("/var/lib/cni*"), names("/var/log/pods*"), names("/run/containerd*"), names("/opt/cni*"), names("/opt/kbe*"), names("/run/runc*"))
	m["mounts"] = mountPoints(t, "self")
	for _, name := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys",
		"kernel/keys/root_maxbytes", "net/ipv4/ip_forward", "net/ipv4/icmp_ratelimit",
		"net/ipv6/conf/all/forwarding", "net/ipv6/conf/default/accept_dad", "net/ipv6/conf/default/disable_ipv6", "net/ipv6/icmp/ratelimit", "net/netfilter/nf_conntrack_max",
		"net/netfilter/nf_conntrack_tcp_timeout_established", "kernel/hostname"} {
		value, _ := os.ReadFile("/proc/sys/" + name)
		m["settings"] = append(m["settings"], name+"="+strings.TrimSpace(string(value)))
	}
	for _, dir := range names("/sys/fs/cgroup/*/cgroup.subtree_control") {
		value, _ := os.ReadFile(dir)
		m["controllers"] = append(m["controllers"], dir+"="+strings.TrimSpace(string(value)))
	}
	return m
}

// compare returns what is different.
func (m machine) compare(after machine) []string {
	var differences []string
	for _, what := range slices.Sorted(maps.Keys(m)) {
		for _, item := range after[what] {
			if !slices.Contains(m[what], item) {
				differences = append(differences, fmt.Sprintf("%s: %s was not there before", what, item))
			}
		}
		for _, item := range m[what] {
			if !slices.Contains(after[what], item) {
				differences = append(differences, fmt.Sprintf("%s: %s was there before", what, item))
			}
		}
	}
	return differences
}

// leftovers returns everything that names the cluster, and every process in a namespace of it.
func leftovers(t *testing.T, name string, used map[string]bool) []string {
	t.Helper()
	var left []string
	for _, dir := range controlGroups(name) {
		left = append(left, "control group "+dir)
	}
	for _, path := range names(filepath.Join(state.Root(), name+"*")) {
		left = append(left, "file "+path)
	}
	if len(names(filepath.Join(state.Root(), "*"))) == 0 {
		for _, path := range names(state.Root()) {
			left = append(left, "empty folder "+path)
		}
	}
	for _, pid := range processes() {
		args, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		if text := strings.ReplaceAll(string(args), "\x00", " "); strings.Contains(text, name) {
			left = append(left, "process "+pid+": "+text)
		}
		if _, err := os.Readlink("/proc/" + pid + "/ns/net"); err != nil {
			continue // ended: only its parent, which is the machine's first process, has not heard of it
		}
		for _, kind := range []string{"net", "mnt", "uts", "pid"} {
			link := func() string { l, _ := os.Readlink("/proc/" + pid + "/ns/" + kind); return l }
			// One that ends meanwhile is in no control group.
			if l := link(); used[l] && !ofAnother(pid, name) && link() == l {
				left = append(left, "process "+pid+" in namespace "+l)
			}
		}
		for _, point := range mountPoints(t, pid) {
			if strings.Contains(point, name) {
				left = append(left, "mount "+point+" of process "+pid)
			}
		}
	}
	return left
}

// ofAnother reports that a process belongs to another cluster. The kernel gives the number of a deleted namespace to
// the next one, which may be of a cluster that starts meanwhile.
func ofAnother(pid, name string) bool {
	groups, _ := os.ReadFile("/proc/" + pid + "/cgroup")
	return strings.Contains(string(groups), ":/kbe-cluster/") && !strings.Contains(string(groups), ":/kbe-cluster/"+name+"/")
}

// namespacesOf returns the namespaces of the cluster's processes that are not the machine's.
func namespacesOf(t *testing.T, name string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, dir := range controlGroups(name) {
		data, _ := os.ReadFile(dir + "/cgroup.procs")
		for pid := range strings.FieldsSeq(string(data)) {
			for _, kind := range []string{"net", "mnt", "uts", "pid"} {
				link, err := os.Readlink("/proc/" + pid + "/ns/" + kind)
				own, ownErr := os.Readlink("/proc/self/ns/" + kind)
				if err == nil && ownErr == nil && link != own {
					found[link] = true
				}
			}
		}
	}
	return found
}

// controlGroups returns the folders of the cluster in all hierarchies.
func controlGroups(name string) []string {
	var dirs []string
	for _, top := range append(names("/sys/fs/cgroup/kbe-cluster/"+name), names("/sys/fs/cgroup/*/kbe-cluster/"+name)...) {
		_ = filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
	}
	return dirs
}

func processes() []string {
	var pids []string
	for _, path := range names("/proc/[0-9]*") {
		pids = append(pids, filepath.Base(path))
	}
	return pids
}

// mountPoints returns nothing for a process that is gone.
func mountPoints(t *testing.T, pid string) []string {
	t.Helper()
	data, _ := os.ReadFile("/proc/" + pid + "/mountinfo")
	var points []string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			points = append(points, fields[4])
		}
	}
	return points
}

func names(pattern string) []string {
	found, _ := filepath.Glob(pattern) // the only error is a bad pattern
	return found
}
