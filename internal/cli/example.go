package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// exampleOptions are the flags of a command that runs an example.
type exampleOptions struct {
	globals
	engine.Options
	plan   *engine.Plan
	dryRun bool
	step   bool
	output *output
	// collector makes the report of the run's events.
	collector *report.Collector
}

func newExampleCommand(e *example.Example, g globals) *cobra.Command {
	o := &exampleOptions{globals: g}
	name := e.Metadata.Name
	c := &cobra.Command{
		Use:   name + " [SCENARIO...]",
		Short: fmt.Sprintf("%s: %s, %s", e.Spec.Title, report.Plural(len(e.Spec.Scenarios), "scenario"), report.Plural(e.Claims(), "claim")),
		Long: longDesc(lines(e.Spec.Summary), lines(fmt.Sprintf("Based on %s. Runs %d scenarios in parallel, shows them in order, and checks %d claims.",
			e.Spec.Source, len(e.Spec.Scenarios), e.Claims())), exitCodes("all claims hold", "a claim failed", couldNotRun)),
		Example: templates.Examples(fmt.Sprintf(`
			# Run the example in a new namespace
			kubectl kbe %[1]s

			# Run it in an existing namespace, and delete only what the run created
			kubectl kbe %[1]s -n playground

			# Keep the resources, to inspect them
			kubectl kbe %[1]s --keep

			# Run one scenario step by step
			kubectl kbe %[1]s %[2]s --step

			# Show the commands, without contacting a cluster
			kubectl kbe %[1]s --dry-run

			# Pull all images from a mirror
			kubectl kbe %[1]s --registry mirror.example:5000`, name, e.Spec.Scenarios[0].Name)),
		ValidArgsFunction: scenarios(func() *example.Example { return e }),
		RunE: func(c *cobra.Command, args []string) (err error) {
			// Here, not when the command is made: compiling is most of the time that
			// every other command would take to start.
			if o.plan, err = engine.Compile(e); err != nil {
				return err
			}
			if err := o.complete(args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	images := slices.Sorted(maps.Keys(e.Spec.Images))
	o.addFlags(c, "; names: "+strings.Join(images, ", "))
	completeFlag(c, "image", keys(images...))
	return c
}

// addFlags adds the flags of a command that runs an example; imageNames are listed
// with --image, where they are known.
func (o *exampleOptions) addFlags(c *cobra.Command, imageNames string) {
	o.AddKeepFlag(c.Flags())
	o.AddFlags(c.Flags(), imageNames)
	c.Flags().BoolVar(&o.FailFast, "fail-fast", true, "Stop waiting on errors that rarely resolve, such as a failed image pull, an unschedulable pod or a crash loop")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "Show the commands, without contacting a cluster")
	c.Flags().BoolVar(&o.step, "step", false, "Ask for confirmation before each command")
	o.output = newOutput(&v1alpha1.Report{})
	o.output.addFlags(c, " (default: story on a terminal, else summary)")
}

// complete takes the scenarios that are named, and checks the flags.
func (o *exampleOptions) complete(scenarios []string) (err error) {
	if o.plan, err = o.plan.Select(scenarios...); err != nil {
		return err
	}
	if err := o.completeRun(); err != nil {
		return err
	}
	_, err = o.plan.Images(&o.Options.Options)
	return err
}

// completeRun checks the flags that do not depend on what runs.
func (o *exampleOptions) completeRun() error {
	o.Namespace = *o.flags.Namespace
	switch {
	case o.step && o.dryRun:
		return errors.New("--step and --dry-run cannot be combined: a dry run does not run commands")
	case o.Dump != "" && o.dryRun:
		return errors.New("--dump and --dry-run cannot be combined: a dry run creates nothing")
	}
	if err := o.Validate(); err != nil {
		return err
	}
	return o.output.complete(o.dryRun)
}

func (o *exampleOptions) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	verdict, err := o.execute(ctx, cancel)
	if err != nil || o.dryRun {
		return err
	}
	return o.output.end(ctx, o.streams, o.collector.Report(), verdict)
}

// execute runs the plan, or previews it, and shows it meanwhile. It cancels ctx where the
// output cannot be written, or no one answers.
func (o *exampleOptions) execute(ctx context.Context, cancel context.CancelCauseFunc) (v1alpha1.Verdict, error) {
	view := report.Summary
	if printers.IsTerminal(o.streams.Out) || o.dryRun || o.step {
		view = report.Story
	}
	terminal := o.output.terminal(o.streams, cancel, view)
	o.collector = report.NewStory(terminal)
	if o.dryRun {
		return v1alpha1.Passed, engine.Preview(ctx, o.plan, o.Options, o.collector.Handle)
	}
	if o.step {
		o.Confirm = newConfirm(o.streams, cancel)
	}
	verdict := engine.Run(ctx, o.clients, o.plan, o.Options, terminal, o.collector.Handle)
	done := o.collector.Report()
	report.Refuse(o.streams.ErrOut, width(o.streams.ErrOut), done.Example, done.Error, done.Cause)
	return verdict, nil
}

// couldNotStart writes why a command could not run.
func couldNotStart(streams genericiooptions.IOStreams, command string, err error, cause *diagnose.Cause) {
	report.Refuse(streams.ErrOut, width(streams.ErrOut), command, err.Error(), report.CauseOf(cause))
}
