package node

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
)

// Root is a node's file system.
type Root struct {
	// Name is the node's host name.
	Name string
	// State is the folder, outside, that holds the node's etc, var and run.
	State string
	// Bin is the folder, outside, of the parts.
	Bin string
}

// fromMachine are the machine's folders with programs; some are symbolic links on a machine with a merged /usr.
var fromMachine = []string{"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"}

// etcFromMachine are the machine's files below /etc that programs need; the others stay hidden.
var etcFromMachine = []string{"alternatives", "crypto-policies", "group", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
	"nsswitch.conf", "os-release", "passwd", "pki", "protocols", "services", "ssl"}

// Make replaces the root of the calling thread's mount namespace, which must be the node's own. A node that boots again
// finds its etc and var as it left them, and its run empty.
func (r Root) Make() error {
	if err := unix.Sethostname([]byte(r.Name)); err != nil {
		return fmt.Errorf("set host name %s: %w", r.Name, err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts of %s private: %w", r.Name, err)
	}
	if err := os.RemoveAll(filepath.Join(r.State, "run")); err != nil {
		return err
	}
	root := filepath.Join(r.State, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := mount("tmpfs", root, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	for _, fill := range []func(string) error{r.programs, r.kernel, r.own, hideSysctls} {
		if err := fill(root); err != nil {
			return fmt.Errorf("file system of %s: %w", r.Name, err)
		}
	}
	return pivot(root)
}

// programs takes over the machine's programs, and the parts.
func (r Root) programs(root string) error {
	for _, name := range fromMachine {
		if err := borrow("/"+name, filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, dir := range []string{config.NodeBin, "/opt/cni/bin"} {
		if err := bind(r.Bin, root+dir, unix.MS_RDONLY); err != nil {
			return err
		}
	}
	return nil
}

// kernel takes over the kernel's file systems. /sys is mounted again, for it to show the node's network devices, and /proc
// for the node's processes.
func (r Root) kernel(root string) error {
	if err := bind("/dev", root+"/dev", unix.MS_REC); err != nil {
		return err
	}
	if err := mount("proc", root+"/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	if err := mount("sysfs", root+"/sys", "sysfs", 0, ""); err != nil {
		return err
	}
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/bpf", "/sys/kernel/security"} {
		if _, err := os.Stat(root + dir); err != nil {
			continue // not in this kernel
		}
		if err := bind(dir, root+dir, unix.MS_REC); err != nil {
			return err
		}
	}
	return nil
}

// own gives the node its own configuration, data and temporary files.
func (r Root) own(root string) error {
	for _, dir := range []string{"etc", "var", "run"} {
		outside := filepath.Join(r.State, dir)
		if err := os.MkdirAll(outside, 0o755); err != nil {
			return err
		}
		if err := bind(outside, filepath.Join(root, dir), 0); err != nil {
			return err
		}
	}
	for _, name := range etcFromMachine {
		if err := borrow("/etc/"+name, filepath.Join(root, "etc", name)); err != nil {
			return err
		}
	}
	for dir, mode := range map[string]os.FileMode{"tmp": 0o777 | fs.ModeSticky, "var/tmp": 0o777 | fs.ModeSticky, "root": 0o700,
		"home": 0o755, "mnt": 0o755, "srv": 0o755, "var/log": 0o755, "var/lib": 0o755} {
		path := filepath.Join(root, dir)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil { // mkdir obeys the umask
			return err
		}
	}
	if err := symlink("/run", filepath.Join(root, "var/run")); err != nil {
		return err
	}
	return symlink("/run/lock", filepath.Join(root, "var/lock"))
}

// pivot makes root the root, and lets mounts pass between the node and its containers, as the kubelet expects.
func pivot(root string) error {
	old := filepath.Join(root, ".old")
	if err := os.Mkdir(old, 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(root, old); err != nil {
		return fmt.Errorf("pivot_root to %s: %w", root, err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount("/.old", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the machine's root: %w", err)
	}
	if err := os.Remove("/.old"); err != nil {
		return err
	}
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}
