package cmd

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newKubectl(open opener) *cobra.Command {
	c := &cobra.Command{
		Use:   "kubectl ARGS…",
		Short: "Run the kubectl that was built with the cluster, against the cluster",
		RunE: run(open, func(_ context.Context, dir state.Dir, args []string) error {
			cluster, err := existing(dir)
			if err != nil {
				return err
			}
			for name, value := range map[string]string{"KUBECONFIG": dir.Kubeconfig(), "KUBECACHEDIR": dir.Path("kubectl-cache")} {
				if err := os.Setenv(name, value); err != nil {
					return err
				}
			}
			// In place of this process: its exit code and its signals are kubectl's.
			return syscall.Exec(filepath.Join(cluster.Bin, "kubectl"), append([]string{"kubectl"}, args...), os.Environ())
		}),
	}
	c.Flags().SetInterspersed(false) // flags after the first word are kubectl's
	return c
}
