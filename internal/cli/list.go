package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
				return listNames(streams.Out, catalogue)
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
	table := &metav1.Table{ColumnDefinitions: []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string"}, {Name: "Claims", Type: "integer"}, {Name: "About", Type: "string"},
	}}
	for _, e := range catalogue {
		about, _, _ := strings.Cut(firstSentence(e.Spec.Summary), ": ") // what fits on 80 columns
		table.Rows = append(table.Rows, metav1.TableRow{Cells: []any{
			e.Metadata.Name, e.Claims(), about,
		}})
	}
	return printers.NewTablePrinter(printers.PrintOptions{}).PrintObj(table, out)
}

func listNames(out io.Writer, catalogue []*example.Example) error {
	for _, e := range catalogue {
		if _, err := fmt.Fprintln(out, e.Metadata.Name); err != nil {
			return err
		}
	}
	return nil
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
