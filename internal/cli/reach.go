package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// reachOptions are the flags of `kubectl kbe reach`.
type reachOptions struct {
	run.Options
	globals
	image  string
	output *output
	pod    podOptions
	nodes  nodesOptions

	// Terminal shows the run, and what it waits for.
	*report.Terminal
	reach *v1alpha1.Reach
	err   error
}

func newReachCommand(g globals) *cobra.Command {
	o := &reachOptions{globals: g}
	c := &cobra.Command{
		Use:   "reach [POD]",
		Short: "Show where a pod is reachable from, and node connectivity",
		Long: longDesc(`
			Show where a pod is reachable from. The pod is probed on localhost and on its
			pod IPs, in each IP family, from inside the pod, from other pods, from nodes
			and from outside the cluster; --from lists the places. A table shows the
			expected and the actual results. If something blocks a connection, the cause
			and a remedy follow.

			Without POD, the run creates a target pod. An existing pod is probed, but never
			changed. Places that need a missing permission are skipped, with the reason. The
			probing pods run in a new namespace, or in that of -n.

			With --nodes, a pod on every schedulable node probes the pods on all other
			nodes: which respond, how fast, and whether their addresses are translated.
			Nodes that are not ready, cordoned or tainted are listed and skipped.`, exitCodes("everything is reachable as expected", "something is not", "a node could not take part, or the run could not start")),
		Example: templates.Examples(`
			# Create a pod, and show where it is reachable from
			kubectl kbe reach

			# Show where your own pod is reachable from, on the first port that it declares
			kubectl kbe reach web-0 -n shop

			# On another port
			kubectl kbe reach web-0 --port 8080 -n shop

			# Probe only from pods, and print JUnit for CI
			kubectl kbe reach --from same-node,other-node -o junit

			# Probe from every node to every other node
			kubectl kbe reach --nodes

			# On a large cluster, let each node probe eight others
			kubectl kbe reach --nodes --peers 8

			# Write the map as HTML, and JUnit for CI
			kubectl kbe reach --nodes --report-file html=reach.html --report-file junit=reach.xml`),
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: podNames(g.flags),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(c, args); err != nil {
				return err
			}
			if o.nodes.nodes {
				o.GrantedBy = "--for reach-nodes"
				return o.run(c.Context(), rbac.ReachNodes(), o.runNodes)
			}
			return o.run(c.Context(), o.pod.needs(), o.runPod)
		},
	}
	o.AddKeepFlag(c.Flags())
	o.AddFlags(c.Flags(), "; "+reach.ShellImage+" needs Python 3, curl and a shell")
	completeFlag(c, "image", keys(reach.ShellImage))
	o.pod.addFlags(c)
	o.nodes.addFlags(c)
	o.output = newOutput(&v1alpha1.Reach{})
	o.output.addFlags(c, " (default: summary)")
	o.output.addWarningFlag(c, "address translation, slow connections")
	return c
}

func (o *reachOptions) complete(c *cobra.Command, args []string) error {
	o.Namespace = *o.flags.Namespace
	if err := o.Validate(); err != nil {
		return err
	}
	images, err := o.References(map[string]string{reach.ShellImage: reach.ShellReference})
	if err != nil {
		return err
	}
	o.image = images[reach.ShellImage]
	if err := o.nodes.complete(c); err != nil {
		return err
	}
	if err := o.pod.complete(c, args, o.nodes.nodes); err != nil {
		return err
	}
	return o.output.complete(false)
}

// run runs work, which fills in what it found, and shows what it came to.
func (o *reachOptions) run(ctx context.Context, needs rbac.Needs, work func(context.Context, reach.Env) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	o.Terminal = o.output.terminal(o.streams, cancel, report.Summary)
	o.reach = &v1alpha1.Reach{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.ReachKind},
		ObjectMeta: metav1.ObjectMeta{Name: "reach"},
	}
	if !o.nodes.nodes {
		o.reach.Target = &v1alpha1.ReachTarget{Name: o.pod.pod, Port: int(o.pod.number), Existing: o.pod.pod != ""}
	}
	needs = rbac.InNamespace(needs, o.Namespace == "")
	do := func(ctx context.Context, env *run.Environment) (v1alpha1.Verdict, error) {
		err := work(ctx, reach.Env{Environment: env, Progress: o.progress()})
		o.reach.Hardened = env.Patch.Hardened // which may have come after the begin
		return run.Worst(o.reach.Verdict), err
	}
	result := run.Run(ctx, o.clients, o.Options, run.Work{Name: "reach", Image: o.image, Needs: needs, Check: o.findPod, Prepare: o.begin, Do: do}, o)
	o.fill(result)
	return o.finish(ctx)
}

// begin shows where the run works.
func (o *reachOptions) begin(_ context.Context, env *run.Environment) error {
	o.reach.Run, o.reach.Hardened = env.Run, env.Patch.Hardened
	o.Show(o.reach)
	o.Doing("")
	warnOfAPIs(o.streams.ErrOut, env.UnavailableAPIs)
	return nil
}

// warnOfAPIs names the aggregated APIs that are down, before they hold a run's cleanup.
func warnOfAPIs(w io.Writer, apis []string) {
	for _, api := range apis {
		fmt.Fprintf(w, "%s\n  %s\n", report.UnavailableAPI(api), session.DescribeAPI(api))
	}
}

// fill takes down what every run has.
func (o *reachOptions) fill(result run.Result) {
	r := o.reach
	if r.RunResult = result.RunResult; r.Run.ID != "" {
		r.Name = "reach-" + r.Run.ID
	}
	if o.err = result.Err; o.err != nil {
		r.Error = result.Explained(o.clients.Connection())
	}
}

// OnDecided shows what was found.
func (o *reachOptions) OnDecided(result run.Result) {
	o.fill(result)
	o.reach = report.Redacted(o.reach)
	o.Show(o.reach)
	o.showError()
	o.Terminal.OnDecided(result)
}

// showError shows what kept the run from probing.
func (o *reachOptions) showError() {
	if o.err != nil {
		couldNotStart(o.streams, "reach", o.err, run.Result{Err: o.err}.Cause(o.clients.Connection()))
	}
}

// finish shows the end of the run, writes its reports, and returns its exit code.
func (o *reachOptions) finish(ctx context.Context) error {
	o.End(o.reach)
	if o.reach.Cleanup == nil { // else OnDecided has shown it, before the cleanup
		o.showError()
	}
	return o.output.end(ctx, o.streams, o.reach, o.reach.Verdict)
}
