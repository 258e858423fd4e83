package state

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Lock keeps other `up` and `down` of the same cluster waiting until unlock is called; waiting is called once when it
// has to wait itself. The lock file disappears with unlock, and the root folder with it when nothing else is in it.
func (d Dir) Lock(ctx context.Context, waiting func()) (unlock func(), err error) {
	path := string(d) + ".lock"
	for {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("state folder: %w; set %s to a folder that can be written", err, EnvRoot)
		}
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o600)
		if os.IsNotExist(err) {
			continue // the root folder was removed between the two calls
		}
		if err != nil {
			return nil, fmt.Errorf("lock of cluster %s: %w", d.Name(), err)
		}
		if err := Flock(ctx, f, waiting); err != nil {
			f.Close()
			return nil, fmt.Errorf("lock of cluster %s: %w", d.Name(), err)
		}
		if sameFile(f, path) {
			return func() {
				os.Remove(path)
				f.Close()
				os.Remove(filepath.Dir(path)) // only succeeds when empty
			}, nil
		}
		f.Close() // the previous holder removed the file: ours locks nothing
	}
}

// Flock takes an exclusive lock of f; waiting is called once when another process holds it.
func Flock(ctx context.Context, f *os.File, waiting func()) error {
	for first := true; ; first = false {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EWOULDBLOCK {
			return err
		}
		if first {
			waiting()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond): // flock cannot be waited for together with a context
		}
	}
}

func sameFile(f *os.File, path string) bool {
	held, err1 := f.Stat()
	there, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(held, there)
}
