package cmd

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/launch"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// newSupervise is what `up` starts in the background. It is no command for people.
func newSupervise() *cobra.Command {
	var wait time.Duration
	c := &cobra.Command{
		Use:    "supervise NAME",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			open := func() (state.Dir, error) { return state.Open(args[0]) }
			return run(open, func(ctx context.Context, dir state.Dir, _ []string) error {
				if os.Getenv(launch.EnvSupervised) == "" {
					return fmt.Errorf("supervise is started by `kbe-cluster up`; run that")
				}
				return launch.Supervise(ctx, dir, wait)
			})(c, args)
		},
	}
	c.Flags().DurationVar(&wait, "wait", time.Minute, "how long the start may take")
	return c
}
