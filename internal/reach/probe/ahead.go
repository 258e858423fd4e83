package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	utilexec "k8s.io/client-go/util/exec"
)

// Ahead begins an exec of curl before its targets are known, where it waits for its standard
// input, and returns the Exec for a Probe, which then does not wait for the way to the
// container. Where it ends before curl has written anything, as with a proxy that cuts what is
// idle, another one takes its place. ctx bounds all.
func Ahead(ctx context.Context, exec Exec) Exec {
	ctx, cancel := context.WithCancelCause(ctx)
	config, stdin := io.Pipe()
	context.AfterFunc(ctx, func() { stdin.CloseWithError(context.Cause(ctx)) })
	var stdout, stderr late
	done := make(chan error, 1)
	go func() {
		done <- exec(ctx, command, config, &stdout, &stderr)
		_ = config.Close()
	}()
	var taken atomic.Bool
	return func(use context.Context, words []string, in io.Reader, out, errs io.Writer) error {
		if taken.Swap(true) {
			return exec(use, words, in, out, errs)
		}
		defer cancel(nil)
		defer context.AfterFunc(use, func() { cancel(context.Cause(use)) })()
		text, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		stdout.to(out)
		stderr.to(errs)
		go func() {
			_, _ = stdin.Write(text) // which fails when the exec has ended
			_ = stdin.Close()
		}()
		err = <-done
		_, exited := errors.AsType[utilexec.CodeExitError](err)
		if err == nil || exited || use.Err() != nil || stdout.used() || stderr.used() {
			return err
		}
		return exec(use, words, bytes.NewReader(text), out, errs)
	}
}

// late is a Writer whose end is known later. It keeps a little of what comes before.
type late struct {
	mu    sync.Mutex
	next  io.Writer
	early []byte
	any   bool
}

func (l *late) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.any = true
	if l.next != nil {
		return l.next.Write(p)
	}
	l.early = append(l.early, p[:min(len(p), maxObject-len(l.early))]...)
	return len(p), nil
}

func (l *late) to(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = w
	_, _ = w.Write(l.early)
}

// used reports whether something was written.
func (l *late) used() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.any
}
