package cmd

import (
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
)

func newImages() *cobra.Command {
	return &cobra.Command{
		Use:   "images",
		Short: "List the images that every node has",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Println("Built on this machine as stand-ins for the public images of the same name, which are not downloaded.")
			fmt.Println()
			w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
			fmt.Fprintln(w, "IMAGE\tSTANDS IN FOR\tWHAT IT IS")
			for _, i := range image.Catalogue() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", i.Ref, i.StandsInFor, i.Description)
			}
			return w.Flush()
		},
	}
}
