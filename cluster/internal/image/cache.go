package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// heartbeat is how often a build that takes long says that it is still there.
const heartbeat = 4 * time.Second

// artifact is a file of the cache.
type artifact struct {
	what string // for people
	file string // its name, with extension
	key  string // the same key, the same content
	// from are those that it is made from.
	from []artifact
	// make writes it to path. It reads the files that from are, and uses dir for what it
	// needs on the way.
	make func(ctx context.Context, from []string, dir, path string) error
}

// path returns the artifact's path below cacheDir, making it if need be:
// images/KEY/FILE. It appears there whole or not at all; concurrent callers wait for the
// one that makes it. Artifacts of the same file under older keys are removed.
func (a artifact) path(ctx context.Context, cacheDir string, say func(string, ...any)) (string, error) {
	dir := filepath.Join(cacheDir, "images")
	path := filepath.Join(dir, a.key, a.file)
	if exists(path) {
		say("%s: from the cache", a.what)
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("%s: make its cache folder: %w", a.what, err)
	}
	var from []string
	for _, each := range a.from {
		file, err := each.path(ctx, cacheDir, say)
		if err != nil {
			return "", err
		}
		from = append(from, file)
	}
	begin := time.Now()
	if err := alive(say, a.what, func() error { return a.makeOnce(ctx, from, dir, path) }); err != nil {
		return "", err
	}
	say("%s: built in %.1f s", a.what, time.Since(begin).Seconds())
	return path, nil
}

func (a artifact) makeOnce(ctx context.Context, from []string, dir, path string) error {
	unlock, err := lock(ctx, filepath.Join(dir, a.file+".lock"))
	if err != nil {
		return fmt.Errorf("%s: lock its cache entry: %w", a.what, err)
	}
	defer unlock()
	if exists(path) {
		return nil // by whoever held the lock
	}
	// Whoever left these behind is dead: the lock is ours.
	if err := removeAll(dir, ".partial-"+a.file+"_*"); err != nil {
		return err
	}
	work, err := os.MkdirTemp(dir, ".partial-"+a.file+"_")
	if err != nil {
		return fmt.Errorf("%s: %w", a.what, err)
	}
	defer func() { _ = os.RemoveAll(work) }() // the next build removes what this cannot
	finished := filepath.Join(work, a.file)
	if err := a.make(ctx, from, work, finished); err != nil {
		return fmt.Errorf("%s: %w", a.what, err)
	}
	if err := removeAll(dir, filepath.Join("[0-9a-f]*", a.file)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.Rename(finished, path)
}

// removeAll removes what matches, and a folder that is empty then.
func removeAll(dir, pattern string) error {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	for _, path := range found {
		err = errors.Join(err, os.RemoveAll(path))
		if parent := filepath.Dir(path); parent != dir {
			_ = os.Remove(parent) // refused while it holds something else
		}
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// lock waits for the lock file; the kernel gives it back when its holder dies.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		}
	}
}

// alive says that work goes on for as long as it does.
func alive(say func(string, ...any), what string, work func() error) error {
	done := make(chan error, 1)
	begin := time.Now()
	say("%s: building", what)
	go func() { done <- work() }()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-beat.C:
			say("%s: still building (%.0f s)", what, time.Since(begin).Seconds())
		}
	}
}
