// Command kbe-cluster runs a real multi-node Kubernetes on one Linux machine, without Docker.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cmd"
)

// The main goroutine stays on the main thread, so that no goroutine that changes its thread's namespaces can ever
// land there: /proc/self follows the main thread.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cmd.Execute(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
