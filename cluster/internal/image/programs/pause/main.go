//go:build linux

// Command pause is the process that holds a pod's sandbox: it owns the namespaces that
// the pod's containers share, and does nothing until a signal ends it.
//
// It reaps: in a pod with a shared process namespace it is PID 1, and inherits every
// orphan. It prints nothing and imports little, because there is one per pod.
// Exit code 0 after SIGINT or SIGTERM.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	// Children that ended before Notify sent a signal that was not received.
	reap()
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		reap()
	}
}

// reap collects every child that has ended; one SIGCHLD may stand for several.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 || err != nil {
			return
		}
	}
}
