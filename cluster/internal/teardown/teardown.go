package teardown

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/kubeconfig"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Found reports whether there is anything of the cluster.
func Found(dir state.Dir) (bool, error) {
	group, err := groupOf(dir)
	if err != nil {
		return false, err
	}
	return dir.Exists() || group.Exists(), nil
}

// budget is how long removing a cluster may take. It takes a second; a process in an uninterruptible sleep may not end at all.
const budget = 30 * time.Second

// Remove removes the cluster. It can be called again after an error, and does nothing when there is no cluster.
func Remove(ctx context.Context, dir state.Dir) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	group, err := groupOf(dir)
	if err != nil {
		return err
	}
	// The supervisor first: it would start again what is killed.
	if p, err := dir.Supervisor(); err == nil {
		if err := kill(ctx, p); err != nil {
			return err
		}
	}
	if err := group.Remove(ctx); err != nil {
		return err
	}
	if err := unmountBelow(string(dir)); err != nil {
		return err
	}
	// The kubeconfig before the files, which say what to undo there.
	var errs []error
	if c, err := dir.Cluster(); err == nil && c.Kubeconfig.Path != "" {
		errs = append(errs, kubeconfig.Remove(c.Kubeconfig, kubeconfig.Context(c.Name)))
	}
	return errors.Join(append(errs, os.RemoveAll(string(dir)))...)
}

func groupOf(dir state.Dir) (cgroup.Group, error) {
	hierarchies, err := cgroup.Mounted()
	return cgroup.Of(hierarchies, dir.Name()), err
}

// kill ends a process and waits until it has ended.
func kill(ctx context.Context, p state.Process) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil || !p.Alive() { // checked after opening: the file names the same process from here on
		return nil
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		return fmt.Errorf("end supervisor, process %d: %w", p.PID, err)
	}
	for ctx.Err() == nil {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int((100 * time.Millisecond).Milliseconds()))
		if n > 0 {
			return nil
		}
		if err != nil && err != unix.EINTR {
			return err
		}
	}
	return fmt.Errorf("supervisor, process %d, still there after SIGKILL: %w", p.PID, ctx.Err())
}

// unmountBelow unmounts what is mounted below dir in this process's own mount namespace, the last mount first. There is
// nothing unless something else mounted it.
func unmountBelow(dir string) error {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	defer f.Close()
	var points []string
	for scan := bufio.NewScanner(f); scan.Scan(); {
		if fields := strings.Fields(scan.Text()); len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			points = append(points, fields[4])
		}
	}
	slices.Reverse(points)
	for _, point := range points {
		if err := unix.Unmount(point, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}
