package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// starter is an example to start from. NAME in it stands for the name.
//
//go:embed starter/*.yaml
var starter embed.FS

func newNewCommand(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Create an example to start from",
		Long: longDesc(`
			Create a folder with an example to start from: an example.yaml with comments,
			and a manifest. The example runs and passes unchanged.`),
		Example: templates.Examples(`
			# Create an example, and run it
			kubectl kbe new my-example
			kubectl kbe run -f my-example`),
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			if len(validation.IsDNS1123Label(name)) > 0 || len(name) > example.LongestName {
				return fmt.Errorf("NAME: expected at most %d lower-case letters, digits and dashes between them, found %q", example.LongestName, name)
			}
			if err := writeStarter(name); err != nil {
				return err
			}
			fmt.Fprintf(streams.Out, "Created %s. To run it: kubectl kbe run -f %s\n", filepath.Join(name, example.FileName), name)
			return nil
		},
	}
}

// writeStarter writes the starting point into a folder, which must not exist yet.
func writeStarter(name string) error {
	err := os.Mkdir(name, 0o777)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: choose another name, or remove it first", name)
	}
	if err != nil {
		return err
	}
	files, err := starter.ReadDir("starter")
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := starter.ReadFile("starter/" + f.Name())
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte("NAME"), []byte(name))
		if err := os.WriteFile(filepath.Join(name, f.Name()), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}
