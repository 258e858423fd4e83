package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/preflight"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Exit codes.
const (
	exitOK          = 0
	exitUsage       = 2
	exitFailed      = 3 // the cluster, a permission, the environment
	exitInterrupted = 130
)

// failure is an error of a command that was understood, as opposed to one that was not.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// usage is an error of a command that could not be understood, found out by running it.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// Execute runs one command and returns its exit code.
func Execute(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var understood failure
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "kbe-cluster: interrupted")
		return exitInterrupted
	case errors.As(err, &understood):
		fmt.Fprintf(os.Stderr, "kbe-cluster: %v\n", err)
		return exitFailed
	default:
		fmt.Fprintf(os.Stderr, "kbe-cluster: %v; see kbe-cluster --help\n", err)
		return exitUsage
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "kbe-cluster",
		Short: "A real multi-node Kubernetes on one Linux machine, without Docker",
		Long: "kbe-cluster runs a real multi-node Kubernetes on one Linux machine: kubelets, containerd and runc in network,\n" +
			"mount and PID namespaces, without Docker or a virtual machine. Nothing in it reaches the outside.",
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	var name string
	root.PersistentFlags().StringVar(&name, "name", "kbe", "name of the cluster")
	dir := func() (state.Dir, error) { return state.Open(name) }
	root.AddCommand(newUp(dir), newDown(dir), newStatus(dir), newKubeconfig(dir), newLoad(dir), newPush(dir), newImages(dir), newImage(), newLogs(dir),
		newKubectl(dir), newOutside(dir), newFault(dir), newBuild(), newUpstream(), newSupervise(), newNodeInit(), newRelay())
	return root
}

// opener checks --name and returns the cluster's folder.
type opener func() (state.Dir, error)

// run marks a command's errors as failures, except when they are the user's: usage, or an unfit name of the cluster.
func run(open opener, f func(ctx context.Context, dir state.Dir, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		dir, err := open()
		if err != nil {
			return err
		}
		if err := preflight.Root(); err != nil {
			return failure{err}
		}
		err = f(cmd.Context(), dir, args)
		var misunderstood usage
		if err == nil || errors.As(err, &misunderstood) {
			return err
		}
		return failure{err}
	}
}

// existing returns what a cluster was started with, or an error that says that there is none.
func existing(dir state.Dir) (state.Cluster, error) {
	cluster, err := dir.Cluster()
	if os.IsNotExist(err) {
		return cluster, fmt.Errorf("cluster %s: not found in %s; start it with `kbe-cluster up --name %s`", dir.Name(), state.Root(), dir.Name())
	}
	return cluster, err
}
