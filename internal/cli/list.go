package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

func newListCommand(catalogue []*example.Example, streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the built-in examples",
		Example: templates.Examples(`
			# List the examples
			kubectl kbe list`),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := printers.GetNewTabWriter(streams.Out)
			fmt.Fprintln(w, "NAME\tCLAIMS\tABOUT")
			for _, e := range catalogue {
				fmt.Fprintf(w, "%s\t%d\t%s\n", e.Metadata.Name, e.Claims(), about(e.Spec.Summary))
			}
			return w.Flush()
		},
	}
}

// about is the part of a summary that fits on 80 columns beside a name.
func about(summary string) string {
	sentence, _, _ := strings.Cut(summary, ". ")
	begin, _, _ := strings.Cut(strings.TrimSuffix(sentence, "."), ": ")
	return begin
}
