package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"k8s.io/apimachinery/pkg/util/validation"
)

// A run that lives holds the lock of a file in a folder of its own on the
// machine where it runs. The kernel gives the lock back when the process ends,
// however it ends, so there is no sign that could lie: no process ID that
// another process has now, no heartbeat that is late. On the cluster nothing is
// written, and nothing of the machine is shown. The price: of a run on another
// machine, or by another user, it is not known whether it lives.

// lockName is the file whose lock a run holds; its folder has the run's ID.
const lockName = "lock"

// State is what is known of a run.
type State string

// The states of a run.
const (
	// Running: its process lives, on this machine.
	Running State = "running"
	// Dead: its process has ended, on this machine.
	Dead State = "dead"
	// Elsewhere: nothing is known of it on this machine.
	Elsewhere State = "elsewhere"
	// Expired: nothing is known of it here, and its Pods have stopped by themselves.
	Expired State = "expired"
	// Kept: it was run with --keep.
	Kept State = "kept"
)

// local is a run's folder on this machine.
type local struct {
	dir  string
	lock *flock.Flock
}

// runsDir is the folder of all runs' folders.
func runsDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "kubectl-kbe", "runs"), nil
}

// openLocal makes a run's folder, and locks it. Where the user has no folder for
// that, the run gets one that does not show that it lives.
func openLocal(id string) (*local, error) {
	runs, err := runsDir()
	if err == nil {
		forgetOld(runs)
		dir := filepath.Join(runs, id)
		l := &local{dir: dir, lock: flock.New(filepath.Join(dir, lockName))}
		if err = os.MkdirAll(dir, 0o700); err == nil {
			if locked, err := l.lock.TryLock(); err == nil && locked {
				return l, nil
			}
		}
	}
	dir, err := os.MkdirTemp("", "kubectl-kbe-")
	if err != nil {
		return nil, fmt.Errorf("a run needs a folder for its files: %w; set TMPDIR to one that is writable", err)
	}
	return &local{dir: dir}, nil
}

// close gives the folder back. A run with leftovers stays known: as dead.
// The lock is given back first, for Windows does not remove a file that is open;
// what could see the run as dead meanwhile finds nothing of it on the cluster.
func (l *local) close(forget bool) error {
	var errs []error
	if l.lock != nil {
		errs = append(errs, l.lock.Unlock())
	}
	if forget || l.lock == nil {
		errs = append(errs, os.RemoveAll(l.dir))
	}
	return errors.Join(errs...)
}

// stateOf returns what is known on this machine of the run of that ID.
func stateOf(id string) State {
	runs, err := runsDir()
	if err != nil {
		return Elsewhere
	}
	return stateIn(filepath.Join(runs, id))
}

func stateIn(dir string) State {
	file := filepath.Join(dir, lockName)
	if _, err := os.Stat(file); err != nil {
		return Elsewhere
	}
	lock := flock.New(file)
	locked, err := lock.TryRLock()
	if err != nil {
		return Elsewhere
	}
	if !locked {
		return Running
	}
	_ = lock.Unlock() // a lock that was free a moment ago
	return Dead
}

// remembered is how long a dead run is known: its cluster may not exist any more.
const remembered = 7 * 24 * time.Hour

// forgetOld removes the folders of runs that are long dead.
func forgetOld(runs string) {
	entries, err := os.ReadDir(runs)
	if err != nil {
		return // there are none
	}
	for _, e := range entries {
		dir := filepath.Join(runs, e.Name())
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > remembered && stateIn(dir) != Running {
			os.RemoveAll(dir)
		}
	}
}

// forgetRun removes what this machine knows of a run that is removed.
func forgetRun(id string) error {
	runs, err := runsDir()
	if err != nil || len(validation.IsDNS1123Label(id)) > 0 || stateOf(id) == Running {
		return err
	}
	return os.RemoveAll(filepath.Join(runs, id))
}
