package cgroup

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Hierarchy is one mounted cgroup tree.
type Hierarchy struct {
	// Mount is where it is mounted, such as /sys/fs/cgroup or /sys/fs/cgroup/memory.
	Mount string
	// V2: the hierarchy is the unified one.
	V2 bool
	// Controllers are those that the hierarchy offers.
	Controllers []string
}

// Required are the controllers that the kubelet refuses to run without.
var Required = []string{"cpu", "cpuset", "memory", "pids"}

// Mounted returns the hierarchies that this process sees.
func Mounted() ([]Hierarchy, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hs, err := parse(f)
	if err != nil {
		return nil, err
	}
	for i := range hs {
		if hs[i].V2 {
			data, err := os.ReadFile(hs[i].Mount + "/cgroup.controllers")
			if err != nil {
				return nil, fmt.Errorf("controllers of %s: %w", hs[i].Mount, err)
			}
			hs[i].Controllers = strings.Fields(string(data))
		}
	}
	return hs, nil
}

// parse reads the cgroup mounts of a mountinfo file (proc(5)). A hierarchy that is mounted twice counts once.
func parse(r io.Reader) ([]Hierarchy, error) {
	var hs []Hierarchy
	seen := map[string]bool{}
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		before, after, ok := strings.Cut(scan.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 || !strings.HasPrefix(right[0], "cgroup") || seen[left[2]] {
			continue
		}
		h := Hierarchy{Mount: left[4], V2: right[0] == "cgroup2"}
		if !h.V2 {
			h.Controllers = strings.Split(right[2], ",")
		}
		seen[left[2]] = true
		hs = append(hs, h)
	}
	return hs, scan.Err()
}

// Missing returns the required controllers that no hierarchy offers.
func Missing(hs []Hierarchy) []string {
	var missing []string
	for _, c := range Required {
		if !slices.ContainsFunc(hs, func(h Hierarchy) bool { return h.has(c) }) {
			missing = append(missing, c)
		}
	}
	return missing
}

func (h Hierarchy) has(controller string) bool { return slices.Contains(h.Controllers, controller) }

// Writable reports whether groups can be made in every hierarchy, by asking, not by trying.
func Writable(hs []Hierarchy) error {
	for _, h := range hs {
		if err := unix.Access(h.Mount, unix.W_OK); err != nil {
			return fmt.Errorf("control groups: expected to be allowed to write %s: %w; in a container, mount it read-write (Docker: --privileged --cgroupns=host)", h.Mount, err)
		}
	}
	return nil
}
