package poll

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	calls := 0
	err := Until(t.Context(), func() error {
		if calls++; calls < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || calls != 3 {
		t.Errorf("expected success with the third call, found %v after %d", err, calls)
	}
	budget := errors.New("not within a minute")
	ctx, cancel := context.WithCancelCause(t.Context())
	err = Until(ctx, func() error { cancel(budget); return nil })
	if err != nil {
		t.Errorf("a success when the context ends: found %v", err)
	}
	missing := errors.New("its kubelet did not report yet")
	ctx, stop := context.WithTimeoutCause(t.Context(), 250*time.Millisecond, budget)
	defer stop()
	if err := Until(ctx, func() error { return missing }); !errors.Is(err, budget) || !errors.Is(err, missing) {
		t.Errorf("expected why it ended and what was missing last, found %v", err)
	}
}

func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	done := make(chan error)
	go func() { done <- Socket(t.Context(), path) }()
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := <-done; err != nil {
		t.Errorf("a socket that appears: found %v", err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, errors.New("not in time"))
	defer cancel()
	if err := Socket(ctx, path+".missing"); err == nil || !strings.Contains(err.Error(), "not in time") || !strings.Contains(err.Error(), "socket.missing") {
		t.Errorf("expected the reason and the path, found %v", err)
	}
}
