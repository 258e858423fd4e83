package provider

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Listen listens on an address inside the network namespace that a component
// runs in: kube-apiserver for the control plane, node-1/kubelet for a node. Who
// connects to the address there is served here.
func (e *Embedded) Listen(ctx context.Context, component, address string) (net.Listener, error) {
	pid, err := e.PID(ctx, component)
	if err != nil {
		return nil, err
	}
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	type result struct {
		net.Listener
		error
	}
	done := make(chan result)
	go func() {
		// The thread is never unlocked: it ends with the goroutine, and its
		// namespace with it. The socket stays where it was made.
		runtime.LockOSThread()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- result{nil, fmt.Errorf("enter the network namespace of %s: %w", component, err)}
			return
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		done <- result{l, err}
	}()
	r := <-done
	return r.Listener, r.error
}
