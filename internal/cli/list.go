package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// ExampleList is what `kubectl kbe list -o json` prints.
type ExampleList struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Items      []ExampleItem `json:"items"`
}

// ExampleItem is a built-in example in an ExampleList.
type ExampleItem struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Summary   string   `json:"summary"`
	Source    string   `json:"source"`
	Scenarios []string `json:"scenarios"`
	// Claims is how many claims the example proves.
	Claims int `json:"claims"`
}

func newListCommand(catalogue []*example.Example, streams genericiooptions.IOStreams) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the built-in examples",
		Example: templates.Examples(`
			# List the examples, and run them all
			kubectl kbe list
			for name in $(kubectl kbe list -o name); do kubectl kbe "$name"; done`),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch output {
			case "":
				return listTable(streams.Out, catalogue)
			case "name":
				_, err := fmt.Fprintln(streams.Out, strings.Join(exampleNames(catalogue), "\n"))
				return err
			case "json":
				return listJSON(streams.Out, catalogue)
			default:
				return fmt.Errorf("-o %s: expected name or json", output)
			}
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "Output format: name or json (default: a table)")
	completeFlag(c, "output", words("json", "name"))
	return c
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

func listJSON(out io.Writer, catalogue []*example.Example) error {
	list := ExampleList{APIVersion: example.APIVersion, Kind: "ExampleList", Items: []ExampleItem{}}
	for _, e := range catalogue {
		list.Items = append(list.Items, ExampleItem{
			Name: e.Metadata.Name, Title: e.Spec.Title, Summary: e.Spec.Summary, Source: e.Spec.Source,
			Scenarios: e.ScenarioNames(), Claims: e.Claims(),
		})
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}
