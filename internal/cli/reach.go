package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// shellImage is the name by which --image knows the one image of reach, shellReference
// where it is: that of the examples. It serves with Python and probes with curl.
const (
	shellImage     = "shell"
	shellReference = "quay.io/centos/centos:stream9"
)

// reachOptions are the flags of `kubectl kbe reach`.
type reachOptions struct {
	run.Options
	clients *run.Clients
	flags   *genericclioptions.ConfigFlags
	streams genericiooptions.IOStreams
	image   string
	output  *output
	pod     podOptions
	nodes   nodesOptions

	terminal *report.Terminal
	reach    *v1alpha1.Reach
}

func newReachCommand(clients *run.Clients, flags *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *cobra.Command {
	o := &reachOptions{clients: clients, flags: flags, streams: streams}
	c := &cobra.Command{
		Use:   "reach [POD]",
		Short: "From where a pod is reached, and which nodes' pods reach which",
		Long: templates.LongDesc(`
			Reachability, proven on your cluster.

			From where is a pod reached? It is asked on its localhost and its pod IPs, in each address
			family: from its own container and from a sibling, from pods on its node and on another, from
			the node itself, through the API server, through a port-forward, and from this machine. The
			truth table tells what was expected and found, and what it proves; where something is in the
			way, it tells what. Without POD the run starts a target of its own. A pod that exists is only
			asked, never changed. What is not permitted or not possible is skipped, with the reason.

			Without -n the pods that ask are in a namespace of the run's own; with it they are in that
			one.

			With --nodes a pod is started on every node that takes one, and each asks all others on their
			pod IPs: who answers, how fast, under which address it is seen, and where that fails. A node
			that is not Ready, or stops reporting meanwhile, is named, and the exit code is 3; one that
			is cordoned or tainted is skipped, and that is no failure.

			Exit codes: 0 all is reached as expected, 1 something is not, 2 usage, 3 a node could not take
			part, or it could not run.`),
		Example: templates.Examples(`
			# From where is a pod reached? Start one and find out
			kubectl kbe reach

			# From where is this pod of mine reached, on its port 8080?
			kubectl kbe reach web-0 --port 8080 -n shop

			# Only from pods, as a report for CI
			kubectl kbe reach --from same-node,other-node -o junit

			# From every node to every node
			kubectl kbe reach --nodes

			# A large cluster: each node asks eight others, and is asked by eight
			kubectl kbe reach --nodes --peers 8

			# The map as a page, and the result for CI
			kubectl kbe reach --nodes --report-file html=reach.html --report-file junit=reach.xml`),
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: podNames(flags),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(c, args); err != nil {
				return err
			}
			if o.nodes.nodes {
				return o.run(c.Context(), rbac.ReachNodes(), o.runNodes)
			}
			return o.run(c.Context(), o.pod.needs(), o.runPod)
		},
	}
	o.AddKeepFlag(c.Flags())
	o.AddFlags(c.Flags(), "; "+shellImage+" needs Python 3, curl and a shell")
	completeFlag(c, "image", keys(shellImage))
	o.pod.addFlags(c)
	o.nodes.addFlags(c)
	o.output = newOutput(&v1alpha1.Reach{})
	o.output.addFlags(c)
	return c
}

func (o *reachOptions) complete(c *cobra.Command, args []string) error {
	o.Namespace = *o.flags.Namespace
	if err := o.Validate(); err != nil {
		return err
	}
	images, err := o.References(map[string]string{shellImage: shellReference})
	if err != nil {
		return err
	}
	o.image = images[shellImage]
	if err := o.nodes.complete(); err != nil {
		return err
	}
	if err := o.pod.complete(c, args, o.nodes.nodes); err != nil {
		return err
	}
	return o.output.complete(false)
}

// probing is the work of a run of reach: it fills in what it found.
type probing func(context.Context, *run.Environment) (v1alpha1.Verdict, error)

// run runs work, and shows what it came to.
func (o *reachOptions) run(ctx context.Context, needs rbac.Needs, work probing) error {
	o.terminal = report.NewTerminal(o.output.story(o.streams), liveTerminal(o.streams.ErrOut), width(o.streams.Out), printers.AllowsColorOutput(o.streams.Out))
	o.reach = &v1alpha1.Reach{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.ReachKind},
		ObjectMeta: metav1.ObjectMeta{Name: "reach"},
	}
	if !o.nodes.nodes {
		o.reach.Target = &v1alpha1.ReachTarget{Name: o.pod.pod, Port: int(o.pod.port), Existing: o.pod.pod != ""}
	}
	needs = rbac.InNamespace(needs, o.Namespace == "")
	result := run.Run(ctx, o.clients, o.Options, run.Work{Name: "reach", Needs: needs, Check: o.findPod, Prepare: o.begin, Do: work}, o)
	o.fill(result)
	return o.tell(ctx)
}

// begin shows where the run works.
func (o *reachOptions) begin(_ context.Context, env *run.Environment) error {
	o.reach.Run, o.reach.Hardened = env.Run, env.Hardened
	o.terminal.Show(o.reach)
	o.doing("")
	return nil
}

// fill takes down what every run has.
func (o *reachOptions) fill(result run.Result) {
	r := o.reach
	if r.Run = result.Run; r.Run.ID != "" {
		r.Name = "reach-" + r.Run.ID
	}
	r.StartTime, r.EndTime = metav1.NewMicroTime(result.StartTime), metav1.NewMicroTime(result.EndTime)
	r.VerdictMilliseconds, r.ElapsedMilliseconds = result.ToVerdict.Milliseconds(), result.Elapsed().Milliseconds()
	r.Verdict, r.Interrupted, r.Cleanup = result.Verdict, result.Interrupted, result.Cleanup
	if result.Err != nil {
		r.Error = result.Err.Error()
	}
}

// OnDelay shows what keeps requests waiting.
func (o *reachOptions) OnDelay(d session.Delay) {
	o.terminal.Delayed(d)
}

// OnStuckDeletion shows what the cleanup waits for.
func (o *reachOptions) OnStuckDeletion(object, why string) {
	o.terminal.StuckDeletion(object, why)
}

// OnDecided shows what was found.
func (o *reachOptions) OnDecided(result run.Result) {
	o.fill(result)
	o.reach.Cleanup = &v1alpha1.Cleanup{Kept: o.Keep, RemoveCommand: result.RemoveCommand}
	o.reach = report.Redacted(o.reach)
	o.terminal.Show(o.reach)
	if result.Interrupted != "" {
		o.terminal.Interrupted(result.Interrupted, result.RemoveCommand)
	}
	if !o.Keep {
		o.doing("removing what the run made in namespace " + result.Run.Namespace)
	}
}

// tell tells the end of the run, writes its reports, and returns its exit code.
func (o *reachOptions) tell(ctx context.Context) error {
	o.terminal.End(o.reach)
	if o.reach.Error != "" {
		fmt.Fprintf(o.streams.ErrOut, "error: reach: could not run: %s\n", o.reach.Error)
	}
	if c := o.reach.Cleanup; o.output.format() != "" && c != nil && c.RemoveCommand != "" {
		fmt.Fprintf(o.streams.ErrOut, "not removed: %s\nto remove it: %s\n", cmp.Or(c.Error, "everything, as asked for"), c.RemoveCommand)
	}
	if err := errors.Join(o.output.put(o.streams, o.reach), o.terminal.Err()); err != nil {
		fmt.Fprintln(o.streams.ErrOut, "error:", err)
		return exitError{exitCouldNotRun}
	}
	return verdictError(ctx, o.reach.Verdict)
}

// doing tells what goes on: in a line that is overwritten, on a terminal.
func (o *reachOptions) doing(text string) { o.terminal.Doing(text) }
