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

// archive returns the path of the image's archive below cacheDir, building it if need
// be: images/KEY/FILE.tar. It appears there whole or not at all; concurrent callers wait
// for the one that builds. Archives of the same file under older keys are removed.
func (r recipe) archive(ctx context.Context, cacheDir string, say func(string, ...any)) (string, error) {
	key, err := r.key()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cacheDir, "images")
	path := filepath.Join(dir, key, r.file+".tar")
	if exists(path) {
		say("image %s: from the cache", r.image.Ref)
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("image %s: make its cache folder: %w", r.image.Ref, err)
	}
	begin := time.Now()
	build := func() error { return r.buildOnce(ctx, dir, path) }
	if err := alive(say, r.image.Ref, build); err != nil {
		return "", err
	}
	say("image %s: built in %.1f s", r.image.Ref, time.Since(begin).Seconds())
	return path, nil
}

func (r recipe) buildOnce(ctx context.Context, dir, path string) error {
	unlock, err := lock(ctx, filepath.Join(dir, r.file+".lock"))
	if err != nil {
		return fmt.Errorf("image %s: lock its cache entry: %w", r.image.Ref, err)
	}
	defer unlock()
	if exists(path) {
		return nil // by whoever held the lock
	}
	// Whoever left these behind is dead: the lock is ours.
	if err := removeAll(dir, ".partial-"+r.file+"_*"); err != nil {
		return err
	}
	work, err := os.MkdirTemp(dir, ".partial-"+r.file+"_")
	if err != nil {
		return fmt.Errorf("image %s: %w", r.image.Ref, err)
	}
	defer func() { _ = os.RemoveAll(work) }() // the next build removes what this cannot
	finished := filepath.Join(work, r.file+".tar")
	if err := r.write(ctx, work, finished); err != nil {
		return err
	}
	if err := removeAll(dir, filepath.Join("[0-9a-f]*", r.file+".tar")); err != nil {
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
func alive(say func(string, ...any), ref string, work func() error) error {
	done := make(chan error, 1)
	begin := time.Now()
	say("image %s: building", ref)
	go func() { done <- work() }()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-beat.C:
			say("image %s: still building (%.0f s)", ref, time.Since(begin).Seconds())
		}
	}
}
