package preflight

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/parts"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// What is needed on disk, in bytes, generously rounded from what was measured.
const (
	forState = 1 << 30 // three nodes with the images of the catalogue
	forBuild = 8 << 30 // modules, Go's build cache and the parts, when nothing is cached
)

func disk(kubernetes string) error {
	if err := free(stateRoot(), forState, "state of the cluster", "set "+state.EnvRoot+" to a folder elsewhere"); err != nil {
		return err
	}
	if bin, err := parts.Cached(kubernetes); bin != "" || err != nil {
		return err
	}
	dir, err := parts.CacheDir()
	if err != nil {
		return err
	}
	return free(existing(dir), forBuild, "build of the parts", "set XDG_CACHE_HOME to a folder elsewhere")
}

func free(dir string, need uint64, what, remedy string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("disk space of %s: %w", dir, err)
	}
	if have := fs.Bavail * uint64(fs.Bsize); have < need {
		return fmt.Errorf("disk space: expected %d MiB free in %s for the %s, found %d MiB; remove something, or %s", need>>20, dir, what, have>>20, remedy)
	}
	return nil
}

// overlay tries the file system that containers' roots are made with, on the disk where they will be.
func overlay() error {
	dir, err := os.MkdirTemp(stateRoot(), ".kbe-preflight-")
	if err != nil {
		return fmt.Errorf("state folder: expected to be allowed to write %s: %w; set %s to another folder", stateRoot(), err, state.EnvRoot)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	if err := mountOverlay(dir); err != nil {
		return fmt.Errorf("overlay file system: expected it to work on the disk of %s: %w; set %s to a folder on ext4 or xfs, or load the kernel module overlay",
			stateRoot(), err, state.EnvRoot)
	}
	return nil
}

// mountOverlay mounts in a namespace that ends with its thread, so that nothing has to be unmounted.
func mountOverlay(dir string) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: Go ends the thread, which is not like the others any more
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
				return err
			}
			if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
				return err
			}
			options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", dir)
			merged := filepath.Join(dir, "merged")
			if err := unix.Mount("overlay", merged, "overlay", 0, options); err != nil {
				return err
			}
			return unix.Unmount(merged, unix.MNT_DETACH)
		}()
	}()
	return <-done
}
