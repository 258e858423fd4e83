package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
)

// imagesOptions are the flags of `kubectl kbe images`.
type imagesOptions struct {
	streams  genericiooptions.IOStreams
	registry string
	file     string
}

func newImagesCommand(catalogue []*example.Example, streams genericiooptions.IOStreams) *cobra.Command {
	o := &imagesOptions{streams: streams}
	c := &cobra.Command{
		Use:   "images [EXAMPLE...]",
		Short: "List the images that the examples use",
		Long: longDesc(`
			List the images that the examples use, with their platforms and their
			approximate size on a node. 'reach' and 'conformance' use no other images.`),
		Example: templates.Examples(`
			# List the images of all examples
			kubectl kbe images

			# Copy the images of the example pods to a mirror
			kubectl kbe images pods --images-file images.txt
			while read -r image; do crane copy "$image" "mirror.example/$image"; done <images.txt
			kubectl kbe pods --registry 'mirror.example/{registry}'`),
		ValidArgs: exampleNames(catalogue),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return o.run(catalogue)
			}
			var chosen []*example.Example
			for _, name := range args {
				e, err := exampleOf(catalogue, name)
				if err != nil {
					return err
				}
				chosen = append(chosen, e)
			}
			return o.run(chosen)
		},
	}
	c.Flags().StringVar(&o.registry, "registry", "", "Show image names as in this registry, as HOST[:PORT][/PATH]; {registry} in the path stands for the image's own registry")
	c.Flags().StringVar(&o.file, "images-file", "", "Write the image references to this file, one per line; - is standard output")
	return c
}

// listedImage is an image and the examples that use it.
type listedImage struct {
	example.Image
	reference string
	examples  []string
}

func (o *imagesOptions) run(chosen []*example.Example) error {
	var listed []*listedImage
	for _, e := range chosen {
		for _, name := range slices.Sorted(maps.Keys(e.Spec.Images)) {
			image := e.Spec.Images[name]
			ref, err := podpatch.FromRegistry(image.Reference, o.registry)
			if err != nil {
				return fmt.Errorf("--registry: %w", err)
			}
			i := slices.IndexFunc(listed, func(l *listedImage) bool { return l.reference == ref })
			if i < 0 {
				i = len(listed)
				listed = append(listed, &listedImage{Image: image, reference: ref})
			}
			listed[i].examples = append(listed[i].examples, e.Metadata.Name)
		}
	}
	slices.SortFunc(listed, func(a, b *listedImage) int { return cmp.Compare(a.reference, b.reference) })
	if o.file != "" {
		return o.write(listed)
	}
	return table(o.streams.Out, listed)
}

// write writes the references, one a line.
func (o *imagesOptions) write(listed []*listedImage) error {
	var text strings.Builder
	for _, l := range listed {
		fmt.Fprintln(&text, l.reference)
	}
	if o.file == "-" {
		_, err := io.WriteString(o.streams.Out, text.String())
		return err
	}
	if err := os.WriteFile(o.file, []byte(text.String()), 0o666); err != nil {
		return fmt.Errorf("--images-file: %w", err)
	}
	return nil
}

func table(out io.Writer, listed []*listedImage) error {
	w := printers.GetNewTabWriter(out)
	fmt.Fprintln(w, "IMAGE\tSIZE\tPLATFORMS\tEXAMPLES")
	for _, l := range listed {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.reference, cmp.Or(l.Size, "unknown"),
			cmp.Or(strings.Join(l.Platforms, ","), "any"), strings.Join(l.examples, ","))
	}
	return w.Flush()
}
