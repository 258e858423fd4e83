package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Top is the group that all clusters lie under.
const Top = "/kbe-cluster"

// Group is one path in all hierarchies.
type Group struct {
	// Path starts with a slash and is relative to each mount.
	Path string
	in   []Hierarchy
}

// Of returns the group of a cluster, which need not exist.
func Of(hs []Hierarchy, cluster string) Group { return Group{Top + "/" + cluster, hs} }

// Child returns a group below g.
func (g Group) Child(name string) Group { return Group{g.Path + "/" + name, g.in} }

// Create makes the group and those above it. Those above are ready to pass their controllers on; with v2 that means
// that they must hold no process.
func (g Group) Create() error {
	for _, h := range g.in {
		path := ""
		for name := range strings.SplitSeq(strings.Trim(g.Path, "/"), "/") {
			if err := h.passOn(path); err != nil {
				return err
			}
			path += "/" + name
			if err := h.create(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h Hierarchy) create(path string) error {
	if err := os.Mkdir(h.Mount+path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("control group %s: %w; expected to be allowed to write %s", h.Mount+path, err, h.Mount)
	}
	if h.V2 || !h.has("cpuset") {
		return nil
	}
	// A new v1 cpuset is empty, and no process can join it until it names CPUs and memory nodes.
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(h.Mount+path, "..", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(h.Mount+path, name), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// passOn lets groups below path use all controllers that path has (v2 only: v1 always does).
func (h Hierarchy) passOn(path string) error {
	if !h.V2 {
		return nil
	}
	have, err := os.ReadFile(h.Mount + path + "/cgroup.controllers")
	if err != nil {
		return err
	}
	file := h.Mount + path + "/cgroup.subtree_control"
	enabled, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(have)) {
		if strings.Contains(" "+strings.TrimSpace(string(enabled))+" ", " "+c+" ") || !wanted[c] {
			continue
		}
		err := os.WriteFile(file, []byte("+"+c), 0o644)
		if errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("control group %s holds processes itself, so it cannot pass the %s controller on; "+
				"in a container, start it with an init that moves them to a group of their own (Docker: --cgroupns=host)", h.Mount+path, c)
		}
		if err != nil {
			return fmt.Errorf("enable the %s controller in %s: %w", c, file, err)
		}
	}
	return nil
}

// wanted are the controllers that kubelet and runc use where there are any.
var wanted = map[string]bool{"cpu": true, "cpuset": true, "memory": true, "pids": true, "io": true, "hugetlb": true}

// Join moves the whole running process into the group.
func (g Group) Join() error {
	for _, h := range g.in {
		if err := writePID(h.Mount+g.Path+"/cgroup.procs", os.Getpid()); err != nil {
			return err
		}
	}
	return nil
}

// JoinThread moves the calling thread into the v1 groups, for a child that it is about to start to inherit. With v2 a
// thread cannot leave its process: pass Open's file to clone(2) instead.
func (g Group) JoinThread() error {
	for _, h := range g.in {
		if h.V2 {
			continue
		}
		if err := writePID(h.Mount+g.Path+"/tasks", unix.Gettid()); err != nil {
			return err
		}
	}
	return nil
}

// Open returns the v2 group as a file for SysProcAttr.CgroupFD, or nil when there is no v2 hierarchy.
func (g Group) Open() (*os.File, error) {
	for _, h := range g.in {
		if h.V2 {
			return os.Open(h.Mount + g.Path)
		}
	}
	return nil, nil
}

func writePID(path string, n int) error {
	if err := os.WriteFile(path, []byte(strconv.Itoa(n)), 0o644); err != nil {
		return fmt.Errorf("move a process into its control group: %w", err)
	}
	return nil
}
