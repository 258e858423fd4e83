// Command kubectl-kbe is the kubectl plugin `kubectl kbe`.
package main

import (
	"os"
	"runtime/debug"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/cli"
)

func main() {
	// A run makes much garbage of few megabytes in use, and shares its machine with
	// a cluster as often as not: memory is cheaper than collecting it.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(cli.Execute(cli.SignalContext(), streams, cli.Arguments(os.Args)))
}
