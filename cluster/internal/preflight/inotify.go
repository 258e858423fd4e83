package preflight

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// What the components of v1.37.2 watch files with, counted in /proc/PID/fd: 3 API server, 6 controller manager and
// scheduler each; 6 kubelet, 2 containerd, 1 kube-proxy. With cgroup v2, every container adds one.
const (
	inotifyControlPlane = 15
	inotifyNode         = 9
)

// inotify finds out by trying whether the user may have as many inotify instances as n nodes need: the limit counts those
// of all processes, of other clusters for one.
func inotify(n int) error {
	need := inotifyControlPlane + n*inotifyNode
	got, err := tryInotify(need)
	if err == nil {
		return nil
	}
	limit, _ := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	return fmt.Errorf("inotify: expected room for %d more instances of fs.inotify.max_user_instances=%s, found %d: %w; raise it with `sysctl fs.inotify.max_user_instances=1024`, take other clusters down, or use fewer --nodes",
		need, strings.TrimSpace(string(limit)), got, err)
}

// tryInotify makes n instances, closes them, and returns how many it got.
func tryInotify(n int) (got int, err error) {
	for ; got < n; got++ {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
		if err != nil {
			return got, err
		}
		defer unix.Close(fd)
	}
	return got, nil
}
