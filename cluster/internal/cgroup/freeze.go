package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// freezer is how a hierarchy stops all processes of a group and those below, and lets them go on.
type freezer struct {
	file, freeze, thaw string
	state, frozen      string // the file with the state, and what it then contains
}

var (
	freezerV1 = freezer{"/freezer.state", "FROZEN", "THAWED", "/freezer.state", "FROZEN"}
	freezerV2 = freezer{"/cgroup.freeze", "1", "0", "/cgroup.events", "frozen 1"}
)

// freezer returns the hierarchy to freeze the group in, and how. Where both versions are mounted it is that of v1: a
// process that is frozen there never becomes frozen in v2 as well.
func (g Group) freezer() (Hierarchy, freezer, error) {
	for _, h := range g.in {
		if h.has("freezer") {
			return h, freezerV1, nil
		}
	}
	for _, h := range g.in {
		if h.V2 {
			return h, freezerV2, nil
		}
	}
	return Hierarchy{}, freezer{}, errors.New("control groups: expected a hierarchy that can freeze processes (v2, or the controller freezer of v1), found none")
}

// stuck is after how many looks the processes are let go for a moment: one may wait, not to be interrupted, for what
// another one holds that stands still already.
const stuck = 50

// Freeze stops every process in the group and below, and returns when the last of them stands still.
func (g Group) Freeze(ctx context.Context) error {
	h, f, err := g.freezer()
	if err != nil {
		return err
	}
	dir := h.Mount + g.Path
	for look := 1; ; look++ {
		// With v1, a process that forked meanwhile is caught by writing again.
		if err := os.WriteFile(dir+f.file, []byte(f.freeze), 0o644); err != nil {
			return fmt.Errorf("freeze control group %s: %w", dir, err)
		}
		state, err := os.ReadFile(dir + f.state)
		if err != nil {
			return err
		}
		if strings.Contains(string(state), f.frozen) {
			return nil
		}
		if look%stuck == 0 {
			if err := g.Thaw(); err != nil {
				return err
			}
		}
		select { // the kernel sends no event
		case <-ctx.Done():
			return fmt.Errorf("freeze control group %s: some process does not stand still: %w", dir, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Thaw lets the processes go on that Freeze stopped.
func (g Group) Thaw() error {
	h, f, err := g.freezer()
	if err != nil {
		return err
	}
	if err := os.WriteFile(h.Mount+g.Path+f.file, []byte(f.thaw), 0o644); err != nil {
		return fmt.Errorf("thaw control group %s: %w", h.Mount+g.Path, err)
	}
	return nil
}

// thawAll lets processes in the group and below die: with v1, one that is frozen does not even when it is killed.
func (g Group) thawAll() {
	for _, h := range g.in {
		if !h.has("freezer") {
			continue
		}
		for _, dir := range tree(h.Mount + g.Path) {
			_ = os.WriteFile(dir+freezerV1.file, []byte(freezerV1.thaw), 0o644) // deleted meanwhile is as good
		}
	}
}
