// Command kubectl-kbe is the kubectl plugin `kubectl kbe`.
package main

import (
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/cli"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

func main() {
	// A run allocates a lot and keeps little, and often shares its machine with a
	// cluster: memory is cheaper than collecting it more often.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	// A closed standard output is an error of the write, not the end of the process:
	// the cleanup still runs.
	signal.Ignore(syscall.SIGPIPE)
	ctx, _ := run.SignalContext()
	os.Exit(cli.Execute(ctx, streams, cli.Arguments(os.Args)))
}
