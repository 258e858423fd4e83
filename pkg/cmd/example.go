package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/report"
)

// exampleOptions are the flags of a command that runs an example.
type exampleOptions struct {
	plan    *engine.Plan
	flags   *genericclioptions.ConfigFlags
	streams genericiooptions.IOStreams
	keep    bool
	images  map[string]string
}

func newExampleCommand(e *example.Example, flags *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) (*cobra.Command, error) {
	plan, err := engine.Compile(e)
	if err != nil {
		return nil, err
	}
	o := &exampleOptions{plan: plan, flags: flags, streams: streams}
	name := e.Metadata.Name
	c := &cobra.Command{
		Use:   name,
		Short: e.Spec.Title + ": " + firstSentence(e.Spec.Summary),
		Long: templates.LongDesc(fmt.Sprintf(`
			%s

			Follows %s. Runs %d scenarios side by side, tells them in order, and checks %d claims.
			Exit codes: 0 all claims hold, 1 a claim failed, 2 usage, 3 could not run.`,
			e.Spec.Summary, e.Spec.Source, len(e.Spec.Scenarios), e.Claims())),
		Example: templates.Examples(fmt.Sprintf(`
			# Run the example in a namespace of its own
			kubectl kbe %[1]s

			# Run it in a namespace that exists, and remove only what the run made
			kubectl kbe %[1]s -n playground

			# Leave everything on the cluster, to look at it
			kubectl kbe %[1]s --keep`, name)),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	c.Flags().BoolVar(&o.keep, "keep", false, "Leave everything on the cluster, and say how to remove it")
	c.Flags().StringToStringVar(&o.images, "image", nil,
		fmt.Sprintf("Use another image, as NAME=REF; names: %s", strings.Join(slices.Sorted(maps.Keys(e.Spec.Images)), ", ")))
	return c, nil
}

func (o *exampleOptions) validate() error {
	for name, ref := range o.images {
		if o.plan.Example.Image(name) == "" {
			return fmt.Errorf("--image %s=%s: the example has no image %q, only %s",
				name, ref, name, strings.Join(slices.Sorted(maps.Keys(o.plan.Example.Spec.Images)), ", "))
		}
		if ref == "" {
			return fmt.Errorf("--image %s=: expected an image reference, found none", name)
		}
	}
	return nil
}

func (o *exampleOptions) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	terminal := report.NewTerminal(o.streams.Out, liveTerminal(o.streams.ErrOut), width(o.streams.Out), printers.AllowsColorOutput(o.streams.Out))
	sink := report.InOrder(terminal.Handle)
	verdict := engine.Run(ctx, o.flags, o.plan, engine.Options{
		Namespace: *o.flags.Namespace,
		Keep:      o.keep,
		Images:    o.images,
	}, func(ev engine.Event) {
		sink(ev)
		if end, ok := ev.Body.(engine.RunEnded); ok && end.Err != "" {
			fmt.Fprintf(o.streams.ErrOut, "error: %s: could not run: %s\n", o.plan.Example.Metadata.Name, end.Err)
		}
		if terminal.Err() != nil {
			// Nobody reads any more (`| head`): stop, and clean up.
			cancel(engine.Signaled{Signal: syscall.SIGPIPE})
		}
	})
	switch verdict {
	case engine.Passed:
		return nil
	case engine.ClaimFailed:
		return exitError{exitClaimFailed}
	case engine.Stopped:
		return exitError{signalCode(ctx)}
	default:
		return exitError{exitCouldNotRun}
	}
}

func firstSentence(s string) string {
	s, _, _ = strings.Cut(s, ". ")
	return strings.TrimSuffix(s, ".")
}

// width is the number of columns of a terminal, and 80 of anything else.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

// liveTerminal returns w where a line on it may be overwritten.
func liveTerminal(w io.Writer) io.Writer {
	if printers.IsTerminal(w) && os.Getenv("TERM") != "dumb" {
		return w
	}
	return nil
}
