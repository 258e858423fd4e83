package cmd

import (
	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/node"
)

// newNodeInit is what the supervisor starts as the first process of each node. It is no command for people.
func newNodeInit() *cobra.Command {
	return &cobra.Command{
		Use:    node.InitCommand + " NAME STATE BIN",
		Hidden: true,
		Args:   cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := (node.Root{Name: args[0], State: args[1], Bin: args[2]}).Init(); err != nil {
				return failure{err}
			}
			return nil
		},
	}
}
