package cli

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

func newShowCommand(catalogue []*example.Example, streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Print the source of a built-in example",
		Example: templates.Examples(`
			# Print the example.yaml of the page about pods
			kubectl kbe show pods`),
		Args:      cobra.ExactArgs(1),
		ValidArgs: exampleNames(catalogue),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := exampleOf(catalogue, args[0])
			if err != nil {
				return err
			}
			// The folder of a built-in example has its name: the loader ensures it.
			text, err := fs.ReadFile(examples.FS, path.Join(e.Metadata.Name, example.FileName))
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(text)
			return err
		},
	}
}

// exampleOf is the built-in example of a name.
func exampleOf(catalogue []*example.Example, name string) (*example.Example, error) {
	i := slices.IndexFunc(catalogue, func(e *example.Example) bool { return e.Metadata.Name == name })
	if i < 0 {
		return nil, errors.New(example.Unknown("example", name, exampleNames(catalogue)))
	}
	return catalogue[i], nil
}

func exampleNames(catalogue []*example.Example) []string {
	var names []string
	for _, e := range catalogue {
		names = append(names, e.Metadata.Name)
	}
	return names
}
