// Command kubectl-kbe is the kubectl plugin `kubectl kbe`.
package main

import (
	"os"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/cmd"
)

func main() {
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(cmd.Execute(cmd.SignalContext(), streams, cmd.Arguments(os.Args)))
}
