package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// cleanupOptions are the flags of `kubectl kbe cleanup`.
type cleanupOptions struct {
	globals
	run         string
	all, dryRun bool
}

func newCleanupCommand(g globals) *cobra.Command {
	o := &cleanupOptions{globals: g}
	c := &cobra.Command{
		Use:   "cleanup",
		Short: "Clean up after killed runs",
		Long: longDesc(`
			List the leftovers of runs on the cluster, and delete those of dead runs.

			A run deletes its own resources, unless it is killed or loses its cluster. Only
			objects with the label kubectl-kbe.github.io/run are ever deleted. With -n, only
			that namespace is cleaned; a run's permissions suffice.

			A run is dead when its process on this machine has ended. A run from another
			machine counts as dead after two hours. Resources that were kept with --keep,
			and those of other machines' live runs, are deleted only with --all or --run.
			Those of a live run on this machine are never deleted.`),
		Example: templates.Examples(`
			# Clean up after dead runs
			kubectl kbe cleanup

			# List the leftovers, without deleting anything
			kubectl kbe cleanup --dry-run

			# Clean up after one run in a namespace
			kubectl kbe cleanup --run x7k2p -n playground`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.clean(c.Context()) },
	}
	c.Flags().StringVar(&o.run, "run", "", "Clean up after this run only, even if it was kept or is from another machine")
	c.Flags().BoolVar(&o.all, "all", false, "Include kept runs and runs from other machines, which may still be active")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "List what would be deleted, without deleting it")
	c.MarkFlagsMutuallyExclusive("run", "all")
	return c
}

func (o *cleanupOptions) clean(ctx context.Context) error {
	cfg, err := o.flags.ToRESTConfig()
	if err != nil {
		return o.fail(err)
	}
	found, err := session.Find(ctx, cfg, *o.flags.Namespace)
	if apierrors.IsForbidden(err) && *o.flags.Namespace == "" {
		return o.fail(&diagnose.Cause{What: "no permission to list pods in all namespaces", Why: err.Error(), Remedy: "to clean up one namespace only, use -n NAMESPACE"})
	} else if err != nil {
		return o.fail(err)
	}
	if o.run != "" {
		found = slices.DeleteFunc(found, func(l session.Leftover) bool { return l.Run != o.run })
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(o.streams.Out, "No leftovers found.")
		return err
	}
	if err := o.writeTable(found); err != nil {
		return err
	}
	if o.dryRun {
		_, err := fmt.Fprintf(o.streams.Out, "\nDry run: nothing was deleted.\n")
		return err
	}
	chosen := slices.DeleteFunc(found, func(l session.Leftover) bool { return !o.isChosen(l) })
	if len(chosen) == 0 {
		_, err := fmt.Fprintf(o.streams.Out, "\nNothing to delete: kept runs and runs from other machines need --run ID or --all.\n")
		return err
	}
	return o.remove(ctx, cfg, chosen)
}

// isChosen reports whether a leftover is to be deleted.
func (o *cleanupOptions) isChosen(l session.Leftover) bool {
	return l.State != session.Running && (l.Ended() || o.all || o.run != "")
}

// fail reports the cause.
func (o *cleanupOptions) fail(err error) error {
	couldNotStart(o.streams, "cleanup", err, run.Result{Err: err}.Cause(o.clients.Connection()))
	return exitError{exitCouldNotRun}
}

// together is how many leftovers are deleted in parallel.
const together = 8

func (o *cleanupOptions) remove(ctx context.Context, cfg *rest.Config, chosen []session.Leftover) error {
	begin := time.Now()
	outcomes := make([]session.Cleanup, len(chosen))
	var group errgroup.Group
	group.SetLimit(together)
	for i := range chosen {
		group.Go(func() error {
			outcomes[i] = chosen[i].Remove(ctx, cfg)
			return nil
		})
	}
	_ = group.Wait() // each outcome has its own error
	failed := 0
	for i, out := range outcomes {
		if len(out.Unconfirmed) > 0 {
			fmt.Fprintf(o.streams.Out, "No kubelet confirmed that these pods stopped; only their API objects were deleted: %s.\n", report.Printable(strings.Join(out.Unconfirmed, ", ")))
		}
		if out.Err == nil {
			continue
		}
		failed++
		fmt.Fprintf(o.streams.ErrOut, "error: run %s in namespace %s: %s\n", chosen[i].Run, chosen[i].Namespace, report.Printable(out.Err.Error()))
		for _, left := range out.Leftovers {
			fmt.Fprintln(o.streams.ErrOut, "  left:", report.Printable(left))
		}
		if out.RemoveCommand != "" {
			fmt.Fprintln(o.streams.ErrOut, "  to see why:", report.Printable(out.RemoveCommand))
		}
	}
	if cleaned := len(chosen) - failed; cleaned > 0 {
		fmt.Fprintf(o.streams.Out, "\nCleaned up after %s (%.1f s).\n", report.Plural(cleaned, "run"), time.Since(begin).Seconds())
	}
	switch {
	case ctx.Err() != nil:
		return exitError{signalCode(ctx)}
	case failed > 0:
		return exitError{exitCouldNotRun}
	}
	return nil
}

// writeTable lists what there is, and what of it will be deleted.
func (o *cleanupOptions) writeTable(found []session.Leftover) error {
	w := printers.GetNewTabWriter(o.streams.Out)
	fmt.Fprintln(w, "RUN\tAGE\tSTATE\tDELETE\tNAMESPACE\tOBJECTS")
	for _, l := range found {
		remove := "no"
		if o.isChosen(l) {
			remove = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Run, duration.HumanDuration(time.Since(l.Created)), l.State, remove, l.Namespace, objects(l))
	}
	return w.Flush()
}

// mostObjects is how many objects of a run are named.
const mostObjects = 4

func objects(l session.Leftover) string {
	names := l.Objects()
	if l.Owned {
		names = slices.DeleteFunc(names, func(name string) bool { return name == "namespaces/"+l.Namespace })
		names = slices.Insert(names, 0, "the namespace")
	}
	text := strings.Join(names[:min(len(names), mostObjects)], ",")
	if more := len(names) - mostObjects; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
