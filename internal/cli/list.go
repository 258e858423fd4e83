package cli

import (
	"fmt"
	"io"
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
		RunE: func(*cobra.Command, []string) error { return listTable(streams.Out, catalogue) },
	}
}

func listTable(out io.Writer, catalogue []*example.Example) error {
	w := printers.GetNewTabWriter(out)
	fmt.Fprintln(w, "NAME\tCLAIMS\tABOUT")
	for _, e := range catalogue {
		about, _, _ := strings.Cut(firstSentence(e.Spec.Summary), ": ") // what fits on 80 columns
		fmt.Fprintf(w, "%s\t%d\t%s\n", e.Metadata.Name, e.Claims(), about)
	}
	return w.Flush()
}
