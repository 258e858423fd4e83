package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Exists reports whether any hierarchy has the group.
func (g Group) Exists() bool {
	return slices.ContainsFunc(g.in, func(h Hierarchy) bool {
		_, err := os.Stat(h.Mount + g.Path)
		return err == nil
	})
}

// processes returns the processes in the group and below, each once.
func (g Group) processes() ([]int, error) {
	var pids []int
	for _, h := range g.in {
		for _, dir := range tree(h.Mount + g.Path) {
			data, err := os.ReadFile(dir + "/cgroup.procs")
			if err != nil && !gone(err) {
				return nil, err
			}
			for field := range strings.FieldsSeq(string(data)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
					pids = append(pids, pid)
				}
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids), nil
}

// Remove kills every process in the group and below, and removes all of these groups. It can be called again after an
// error, and does nothing when the group is not there.
func (g Group) Remove(ctx context.Context) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		pids, err := g.processes()
		if err != nil {
			return err
		}
		for _, pid := range pids {
			if pid == os.Getpid() {
				return fmt.Errorf("control group %s holds this very process; run this command from outside the cluster", g.Path)
			}
			_ = unix.Kill(pid, unix.SIGKILL) // ended already is as good
		}
		g.thawAll()
		busy := g.removeTree()
		if len(pids) == 0 && busy == nil {
			return nil
		}
		// Neither the end of a process that is no child of ours nor an empty v1 group can be waited for.
		select {
		case <-ctx.Done():
			return fmt.Errorf("control group %s: %d processes still there after SIGKILL %v: %w", g.Path, len(pids), pids, errors.Join(busy, ctx.Err()))
		case <-time.After(wait):
		}
	}
}

// removeTree removes the groups deepest first, and the top group of all clusters when no other cluster is left.
func (g Group) removeTree() error {
	var errs []error
	for _, h := range g.in {
		dirs := tree(h.Mount + g.Path)
		slices.Reverse(dirs)
		for _, dir := range dirs {
			if err := os.Remove(dir); err != nil && !gone(err) {
				errs = append(errs, err)
			}
		}
		_ = os.Remove(h.Mount + filepath.Dir(g.Path))
	}
	return errors.Join(errs...)
}

// tree returns dir and all folders below, parents first. What disappears meanwhile is left out.
func tree(dir string) []string {
	var dirs []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}

// gone reports that a group disappeared: reading its files then gives ENODEV.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV)
}
