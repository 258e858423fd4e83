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
	return inNetworkOf(ctx, e, component, func() (net.Listener, error) { return (&net.ListenConfig{}).Listen(ctx, "tcp", address) })
}

// Dial connects to an address from inside the network namespace that a component runs in.
func (e *Embedded) Dial(ctx context.Context, component, address string) (net.Conn, error) {
	return inNetworkOf(ctx, e, component, func() (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) })
}

// inNetworkOf opens a socket in the network namespace of a component. The socket stays
// where it was made.
func inNetworkOf[T any](ctx context.Context, e *Embedded, component string, open func() (T, error)) (socket T, err error) {
	pid, err := e.PID(ctx, component)
	if err != nil {
		return socket, err
	}
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return socket, err
	}
	defer ns.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The thread is never unlocked: it ends with the goroutine, and its
		// namespace with it.
		runtime.LockOSThread()
		if err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			err = fmt.Errorf("enter the network namespace of %s: %w", component, err)
			return
		}
		socket, err = open()
	}()
	<-done
	return socket, err
}
