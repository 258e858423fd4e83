package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Sandbox is a set of namespaces. The zero Sandbox has none of its own: what runs in it is in those of this process.
type Sandbox struct {
	net, mnt, uts *os.File // mnt and uts are nil in a sandbox that shares them with the machine
	pid           *os.File // nil before Init
}

// New makes a network namespace and, when own is set, a mount and a UTS namespace with it.
func New(own bool) (*Sandbox, error) {
	s := &Sandbox{}
	err := onThread(func() error {
		flags := unix.CLONE_NEWNET
		if own {
			flags |= unix.CLONE_FS | unix.CLONE_NEWNS | unix.CLONE_NEWUTS
		}
		if err := unix.Unshare(flags); err != nil {
			return fmt.Errorf("make namespaces: %w", err)
		}
		var err error
		if s.net, err = os.Open("/proc/thread-self/ns/net"); err != nil || !own {
			return err
		}
		if s.mnt, err = os.Open("/proc/thread-self/ns/mnt"); err != nil {
			return err
		}
		s.uts, err = os.Open("/proc/thread-self/ns/uts")
		return err
	})
	return s, err
}

// Net is the network namespace as an open file.
func (s *Sandbox) Net() *os.File { return s.net }

// Close lets go of the namespaces: the kernel removes them once no process is in them.
func (s *Sandbox) Close() {
	for _, f := range []*os.File{s.net, s.mnt, s.uts, s.pid} {
		if f != nil {
			f.Close()
		}
	}
}

// Do calls f in the sandbox. f must not start goroutines that rely on the namespaces.
func (s *Sandbox) Do(f func() error) error {
	return onThread(func() error {
		if err := s.enter(); err != nil {
			return err
		}
		return f()
	})
}

// Dial connects to an address inside the sandbox. The connection stays there; the caller does not move.
func (s *Sandbox) Dial(ctx context.Context, address string) (conn net.Conn, err error) {
	err = s.Do(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address) // one address: dialled by this very goroutine
		return err
	})
	return conn, err
}

// enter moves the calling thread, which must be locked and never unlocked.
func (s *Sandbox) enter() error {
	if s.net == nil {
		return nil
	}
	if err := unix.Setns(int(s.net.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace: %w", err)
	}
	if s.mnt == nil {
		return nil
	}
	if err := unix.Setns(int(s.uts.Fd()), unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("enter UTS namespace: %w", err)
	}
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare root and working folder: %w", err)
	}
	if err := unix.Setns(int(s.mnt.Fd()), unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("enter mount namespace: %w", err)
	}
	return nil
}

// onThread calls f on a thread of its own. The goroutine ends without unlocking, so Go ends the thread too, and
// whatever f changed of it with it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}
