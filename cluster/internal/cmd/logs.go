package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newLogs(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "logs [COMPONENT]",
		Short: "Print a component's log, such as that of apiserver or node-1/kubelet; without one, list them",
		Args:  cobra.MaximumNArgs(1),
		RunE: run(open, func(_ context.Context, dir state.Dir, args []string) error {
			if _, err := existing(dir); err != nil {
				return err
			}
			names, err := dir.Logs()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				fmt.Println(strings.Join(names, "\n"))
				return nil
			}
			i := slices.IndexFunc(names, func(name string) bool { return name == args[0] || name == "kube-"+args[0] })
			if i < 0 {
				return fmt.Errorf("component %q: expected one of %s", args[0], strings.Join(names, ", "))
			}
			f, err := os.Open(dir.Log(names[i]))
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.Copy(os.Stdout, f)
			return err
		}),
	}
}
