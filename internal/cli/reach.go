package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
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
	flags      *genericclioptions.ConfigFlags
	retrier    *session.Retrier
	streams    genericiooptions.IOStreams
	keep       bool
	images     map[string]string
	registry   string
	image      string
	pullSecret string
	timeout    time.Duration
	output     *output
	pod        podOptions
	nodes      nodesOptions

	terminal *report.Terminal
	reach    *v1alpha1.Reach
	began    time.Time
}

func newReachCommand(flags *genericclioptions.ConfigFlags, retrier *session.Retrier, streams genericiooptions.IOStreams) *cobra.Command {
	o := &reachOptions{flags: flags, retrier: retrier, streams: streams}
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
			pod IPs: who answers, how fast, under which address it is seen, and where that fails. Nodes
			that are not ready, cordoned or tainted are told, and not waited for.

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
	c.Flags().BoolVar(&o.keep, "keep", false, "Leave everything on the cluster, and say how to remove it")
	c.Flags().StringToStringVar(&o.images, "image", nil, "Use another image, as "+shellImage+"=REF; it needs Python 3, curl and a shell")
	completeFlag(c, "image", keys(shellImage))
	c.Flags().StringVar(&o.registry, "registry", "", "Take the image from this registry, as HOST[:PORT][/PATH]")
	c.Flags().StringVar(&o.pullSecret, "image-pull-secret", "", "Name of a Secret with the registry's credentials, in the namespace of -n")
	c.Flags().DurationVar(&o.timeout, "timeout", 0, "End the run after this time, such as 90s; the cleanup comes on top (default: as long as it takes)")
	o.pod.addFlags(c)
	o.nodes.addFlags(c)
	o.output = newOutput(&v1alpha1.Reach{})
	o.output.addFlags(c)
	return c
}

func (o *reachOptions) complete(c *cobra.Command, args []string) (err error) {
	if err := checkRunFlags(*o.flags.Namespace, o.pullSecret, o.timeout); err != nil {
		return err
	}
	if o.image, err = chosenImage(o.images, o.registry); err != nil {
		return err
	}
	if err := o.nodes.complete(); err != nil {
		return err
	}
	if err := o.pod.complete(c, args, o.nodes.nodes); err != nil {
		return err
	}
	return o.output.complete(false)
}

// chosenImage is the image of --image, or the usual one, from the registry.
func chosenImage(overrides map[string]string, registry string) (string, error) {
	for name, ref := range overrides {
		if name != shellImage || ref == "" {
			return "", fmt.Errorf("--image %s=%s: expected %s=REF", name, ref, shellImage)
		}
	}
	if ref := overrides[shellImage]; ref != "" {
		return ref, nil
	}
	image, err := podpatch.FromRegistry(shellReference, registry)
	if err != nil {
		return "", fmt.Errorf("--registry: %w", err)
	}
	return image, nil
}

// run does what all runs of reach have in common: it makes sure that there is a
// cluster which grants what is needed, opens a session, has work fill o.reach,
// and cleans up whatever came of it.
func (o *reachOptions) run(ctx context.Context, needs rbac.Needs, work func(context.Context, *session.Session) error) error {
	o.terminal = report.NewTerminal(o.output.story(o.streams), liveTerminal(o.streams.ErrOut), width(o.streams.Out), printers.AllowsColorOutput(o.streams.Out))
	o.began = time.Now()
	o.reach = &v1alpha1.Reach{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.ReachKind},
		ObjectMeta: metav1.ObjectMeta{Name: "reach"},
		StartTime:  metav1.NewMicroTime(o.began),
		Run:        v1alpha1.Run{Context: session.ContextOf(o.flags)},
	}
	if !o.nodes.nodes {
		o.reach.Target = &v1alpha1.ReachTarget{Name: o.pod.pod, Port: int(o.pod.port), Existing: o.pod.pod != ""}
	}
	o.retrier.Tell(o.terminal.Delayed)
	defer o.retrier.Tell(nil)
	s, err := o.open(ctx, needs)
	if err == nil {
		o.terminal.Show(o.reach)
		o.doing("")
		err = o.work(ctx, s, work)
		o.close(ctx, s)
	}
	o.end(ctx, err)
	return o.tell(ctx)
}

func (o *reachOptions) open(ctx context.Context, needs rbac.Needs) (*session.Session, error) {
	cfg, err := o.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	namespace := *o.flags.Namespace
	if namespace == "" {
		needs = rbac.Join(needs, rbac.OwnNamespace())
	}
	version, err := session.Preflight(ctx, cfg, rbac.Grant{Name: "kubectl-kbe-reach", Namespace: namespace, Needs: needs})
	if err != nil {
		return nil, err
	}
	s, err := session.Open(ctx, cfg, "reach", namespace, session.Keep(o.keep), session.StopPodsAfter(session.Deadline+o.timeout))
	if err != nil {
		return nil, err
	}
	o.reach.Name = "reach-" + s.ID
	o.reach.Run.ID, o.reach.Run.Namespace, o.reach.Run.OwnNamespace, o.reach.Run.ServerVersion = s.ID, s.Namespace, s.Owned, version
	return s, nil
}

// work has the work done within --timeout, and tells what it found.
func (o *reachOptions) work(ctx context.Context, s *session.Session, work func(context.Context, *session.Session) error) error {
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = wait.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	err := work(ctx, s)
	o.reach.VerdictMilliseconds = time.Since(o.began).Milliseconds()
	o.reach.Cleanup = &v1alpha1.Cleanup{Kept: o.keep, RemoveCommand: s.RemoveCommand()}
	if signal, stopped := engine.SignalOf(ctx); stopped {
		o.reach.Interrupted = signal.String()
	}
	o.terminal.Show(o.reach)
	if o.reach.Interrupted != "" {
		o.terminal.Interrupted(o.reach.Interrupted, o.reach.Cleanup.RemoveCommand)
	}
	return err
}

func (o *reachOptions) close(ctx context.Context, s *session.Session) {
	if o.keep {
		if err := s.Leave(ctx); err != nil {
			o.reach.Cleanup.Error = err.Error()
		}
		return
	}
	o.doing("removing what the run made in namespace " + s.Namespace)
	begin := time.Now()
	cleanup := s.Close(ctx)
	c := o.reach.Cleanup
	c.Leftovers, c.Unconfirmed, c.RemoveCommand = cleanup.Leftovers, cleanup.Unconfirmed, cleanup.Command
	if cleanup.Err != nil {
		c.Error = cleanup.Err.Error()
	}
	c.ElapsedMilliseconds = time.Since(begin).Milliseconds()
}

// end sets the verdict: what stopped the run, what kept it from being made, what
// it found.
func (o *reachOptions) end(ctx context.Context, err error) {
	r := o.reach
	r.EndTime = metav1.NewMicroTime(time.Now())
	r.ElapsedMilliseconds = r.EndTime.Sub(o.began).Milliseconds()
	_, stopped := engine.SignalOf(ctx)
	switch {
	case stopped:
		r.Verdict = v1alpha1.Stopped
	case err != nil:
		r.Verdict, r.Error = v1alpha1.CouldNotRun, err.Error()
	case r.Cleanup != nil && r.Cleanup.Error != "":
		r.Verdict = v1alpha1.CouldNotRun
	case r.Verdict == "":
		r.Verdict = v1alpha1.Passed
	}
}

// tell tells the end of the run, writes its reports, and returns its exit code.
func (o *reachOptions) tell(ctx context.Context) error {
	o.terminal.End(o.reach)
	if o.reach.Error != "" {
		fmt.Fprintf(o.streams.ErrOut, "error: reach: could not run: %s\n", o.reach.Error)
	}
	if c := o.reach.Cleanup; o.output.format() != "" && c != nil && c.RemoveCommand != "" {
		fmt.Fprintf(o.streams.ErrOut, "not removed: %s\nto remove it: %s\n", errorOr(c.Error, "everything, as asked for"), c.RemoveCommand)
	}
	if err := errors.Join(o.output.put(o.streams, o.reach), o.terminal.Err()); err != nil {
		fmt.Fprintln(o.streams.ErrOut, "error:", err)
		return exitError{exitCouldNotRun}
	}
	return verdictError(ctx, o.reach.Verdict)
}

func errorOr(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// doing tells what goes on: in a line that is overwritten, on a terminal.
func (o *reachOptions) doing(text string) { o.terminal.Doing(text) }
