package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// conformanceOptions are the flags of `kubectl kbe conformance`.
type conformanceOptions struct {
	globals
	opts   conformance.Options
	skips  []string
	list   bool
	output *output
}

func newConformanceCommand(g globals) *cobra.Command {
	o := &conformanceOptions{globals: g}
	c := &cobra.Command{
		Use:   "conformance",
		Short: "Check the cluster against Kubernetes' requirements for pods",
		Long: longDesc(`
			Check the cluster against Kubernetes' requirements for pods and the pod
			network. Each assertion has a stable ID, a requirement in the terms of RFC
			2119, and a link to its source.

			Profiles:
			  pods        the claims of the page about pods
			  network     all pairs of nodes, IP families, where a pod is reachable from
			  lifecycle   start, probes, restarts, exec, logs, attach, port-forward, end
			  restricted  all of these under the Pod Security Standard restricted

			The report (-o yaml) describes the cluster and the result of each assertion.
			To compare two reports, use 'kubectl kbe diff'. Go tests can run the same
			suite with the package github.com/kubectl-kbe/kubectl-kbe/pkg/conformance.`, exitCodes("all assertions passed or are skipped", "an assertion failed", "an assertion could not be checked, or the suite could not run")),
		Example: templates.Examples(`
			# Run all profiles
			kubectl kbe conformance

			# Run one profile, and save the report for comparison
			kubectl kbe conformance --profile network --report-file yaml=before.yaml

			# For CI: write JUnit, and save the pods, events and logs of failures
			kubectl kbe conformance -o junit --dump artifacts >conformance.xml

			# Skip an assertion
			kubectl kbe conformance --skip hairpin='our Services have other backends'

			# List the assertions, without contacting a cluster
			kubectl kbe conformance --list`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	all := conformance.Profiles()
	c.Flags().StringSliceVar(&o.opts.Profiles, "profile", nil, "Run only these profiles: "+strings.Join(all, ", "))
	completeFlag(c, "profile", words(all...))
	c.Flags().StringArrayVar(&o.skips, "skip", nil, "Skip an assertion, as ID=REASON; may be repeated")
	c.Flags().BoolVar(&o.list, "list", false, "List the assertions, without contacting a cluster")
	o.opts.AddFlags(c.Flags(), "; names: "+reach.ShellImage+", simpleservice")
	completeFlag(c, "image", keys(reach.ShellImage, "simpleservice"))
	o.output = newOutput(&v1alpha1.ConformanceReport{})
	o.output.addFlags(c, " (default: summary)")
	o.output.addWarningFlag(c, "slow connections")
	return c
}

func (o *conformanceOptions) run(ctx context.Context) error {
	suite, err := conformance.Load()
	if err != nil {
		return err
	}
	o.complete()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	terminal := o.output.terminal(o.streams, cancel, report.Summary)
	runner, err := conformance.New(suite, o.clients, o.opts, clientVersions().ClientVersion.GitVersion)
	if err != nil {
		return err
	}
	if o.list {
		return o.writeList(suite, runner.Profiles())
	}
	if err := o.output.complete(false); err != nil {
		return err
	}
	if err := runner.Open(ctx); err != nil {
		couldNotStart(o.streams, "conformance", err, run.Result{Err: err}.Cause(o.clients.Connection()))
	} else {
		terminal.Show(runner.Report())
		warnOfAPIs(o.streams.ErrOut, runner.UnavailableAPIs())
		for i, result := range runner.Begin(ctx, o.progress(terminal), runner.Profiles()...) {
			terminal.Doing(runner.Profiles()[i])
			result()
			terminal.Show(runner.Report())
		}
	}
	terminal.End(runner.Report())
	return o.output.end(ctx, o.streams, runner.Report(), runner.Report().Verdict)
}

// complete makes the options of the suite from the flags.
func (o *conformanceOptions) complete() {
	o.opts.Namespace = *o.flags.Namespace
	o.opts.Skip = map[string]string{}
	for _, skip := range o.skips {
		id, reason, _ := strings.Cut(skip, "=")
		o.opts.Skip[id] = reason
	}
}

// progress returns what shows the parts that are done. Several goroutines may call it.
func (o *conformanceOptions) progress(terminal *report.Terminal) func(string) {
	if liveTerminal(o.streams.ErrOut) != nil {
		return terminal.Doing
	}
	begin := time.Now()
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(o.streams.ErrOut, "%s: %.1f s\n", text, time.Since(begin).Seconds())
	}
}

// writeList writes what is asserted. The profile restricted is all others.
func (o *conformanceOptions) writeList(suite *conformance.Suite, profiles []string) error {
	w := printers.GetNewTabWriter(o.streams.Out)
	fmt.Fprintln(w, "PROFILE\tLEVEL\tID\tREQUIREMENT")
	for _, profile := range profiles {
		for _, a := range suite.Checks(profile) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", profile, a.Level, a.ID, a.Requirement)
		}
	}
	return w.Flush()
}
