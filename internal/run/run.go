package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/evidence"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Work is what a run is made for.
type Work struct {
	// Name is in the names of the run's resources, such as pods or reach.
	Name string
	// Image is the reference of an image that the run's Pods have, or "".
	Image string
	// Needs are what the work requests from the API server, also for its own Namespace.
	Needs rbac.Needs
	// Check, where it is not nil, comes before anything is made: with its error the run could
	// not start.
	Check func(context.Context, *rest.Config) error
	// Prepare, where it is not nil, comes before the work: with its error the run could
	// not start.
	Prepare func(context.Context, *Environment) error
	// Do does the work. Its error is what kept it from being done.
	Do func(context.Context, *Environment) (v1alpha1.Verdict, error)
}

// Environment is what work finds when it begins.
type Environment struct {
	*Clients
	Config  *rest.Config
	Session *session.Session
	admission
	// Image is that of the Work.
	Image    string
	Evidence evidence.Reader
	// UnavailableAPIs are the aggregated APIs that are down, as GROUP/VERSION: meanwhile no
	// Namespace is deleted for good.
	UnavailableAPIs []string
	// Run is where it works.
	Run v1alpha1.Run
}

// Observer sees a run proceed. Its methods are called one at a time, but OnDelay, which
// any request may call.
type Observer interface {
	// OnDelay: requests to the API server are kept waiting, as a sentence says.
	OnDelay(delay string)
	// OnDecided: the work is done, and the cleanup begins, unless all is kept, as the result says.
	OnDecided(Result)
	// OnStuckDeletion: the cleanup waits for an object that is being deleted and stays.
	OnStuckDeletion(object, why string)
}

// Result is what a run came to.
type Result struct {
	// RunResult has no Error: that is Err. Its Cleanup is nil where the work was not begun.
	v1alpha1.RunResult
	// Started reports that the work was begun.
	Started bool
	// Err is what kept the run from starting, or its work from being done.
	Err error
	// RemoveCommand removes the run's resources by hand, as long as they exist.
	RemoveCommand string
}

// Cause is the diagnosis of Err, or nil.
func (r Result) Cause(c diagnose.Connection) *diagnose.Cause {
	var cause *diagnose.Cause
	if r.Err == nil || errors.As(r.Err, &cause) {
		return cause
	}
	return c.Error(r.Err)
}

// Explained is Err in words, with its cause and what to do where these are known: of a run that
// could not start it is mostly the API server, or the way to it.
func (r Result) Explained(c diagnose.Connection) string {
	cause, known := errors.AsType[*diagnose.Cause](r.Err)
	text := r.Err.Error()
	if !known && !r.Started {
		if cause = c.Error(r.Err); cause != nil {
			text = cause.Error()
		}
	}
	if cause == nil || strings.Contains(text, cause.Remedy) {
		return text
	}
	return text + "; " + cause.Remedy
}

// Run carries out work on a cluster, from the question whether it may to the cleanup,
// which also comes when ctx ends.
func Run(ctx context.Context, clients *Clients, opts Options, work Work, observer Observer) Result {
	r := &run{opts: opts, work: work, observer: observer, env: Environment{Clients: clients}}
	defer clients.retrier.OnDelay(observer.OnDelay)()
	r.result.RunResult = v1alpha1.RunResult{StartTime: metav1.NowMicro(), Verdict: v1alpha1.CouldNotRun, Run: v1alpha1.Run{Context: clients.Context()}}
	for _, do := range []action{r.preflight, r.check, r.open, r.prepare, r.do} {
		if r.result.Err = do(ctx); r.result.Err != nil {
			break
		}
	}
	if r.env.Session != nil {
		for _, do := range []action{r.keepEvidence, r.decide, r.cleanUp} {
			r.after = errors.Join(r.after, do(ctx))
		}
	}
	r.judge(ctx)
	return r.result
}

// run is the state of one run.
type run struct {
	opts     Options
	work     Work
	observer Observer
	env      Environment
	result   Result
	// after is what went wrong after the work.
	after error
}

// action is a part of a run's life. After an error of one of those up to the work no other
// of them comes; those after the work all come where there is a session.
type action func(context.Context) error

// preflight makes sure that there is an API server that grants what the run needs.
func (r *run) preflight(ctx context.Context) (err error) {
	if r.env.Config, err = r.env.ToRESTConfig(); err != nil {
		return err
	}
	r.result.Run.ServerVersion, r.env.UnavailableAPIs, err = session.Preflight(ctx, r.env.Config, rbac.Grant{
		Name: "kubectl-kbe-" + r.work.Name, For: cmp.Or(r.opts.GrantedBy, "--for "+r.work.Name), Namespace: r.opts.Namespace, Needs: r.work.Needs,
	})
	return err
}

func (r *run) check(ctx context.Context) error {
	if r.work.Check == nil {
		return nil
	}
	return r.work.Check(ctx, r.env.Config)
}

// open opens the session, and looks at where the work will be.
func (r *run) open(ctx context.Context) error {
	core, err := corev1client.NewForConfig(r.env.Config)
	if err != nil {
		return err
	}
	opts := r.opts.Options
	opts.OnStuckDeletion = r.observer.OnStuckDeletion
	s, err := session.Open(ctx, r.env.Config, r.work.Name, r.opts.Namespace, opts)
	if err != nil {
		return err
	}
	r.env.Session = s
	r.result.Run.ID, r.result.Run.Namespace, r.result.Run.OwnNamespace = s.ID, s.Namespace, s.Owned
	r.result.RemoveCommand = s.RemoveCommand()
	r.env.Run = r.result.Run
	r.env.Image = r.work.Image
	r.env.admission, _ = require(ctx, s, r.opts.PullSecret, r.env.Image)
	r.env.Evidence = evidence.Reader{Core: core, Namespace: s.Namespace}
	if !s.Owned {
		r.env.Evidence.Selector = labels.Set{session.RunLabel: s.ID}.String()
	}
	return nil
}

func (r *run) prepare(ctx context.Context) error {
	if r.work.Prepare == nil {
		return nil
	}
	return r.work.Prepare(ctx, &r.env)
}

// do does the work, within its time.
func (r *run) do(ctx context.Context) (err error) {
	if r.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = wait.WithTimeout(ctx, r.opts.Timeout)
		defer cancel()
	}
	r.result.Started = true
	r.result.Verdict, err = r.work.Do(ctx, &r.env)
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), wait.ErrTimeout) {
		err = context.Cause(ctx) // a request that its own time has ended says nothing of the API server
	}
	r.result.VerdictMilliseconds = time.Since(r.result.StartTime.Time).Milliseconds()
	if r.opts.Timeout > 0 && errors.Is(context.Cause(ctx), wait.ErrTimeout) && r.result.Verdict != v1alpha1.Passed {
		r.result.TimedOut = r.opts.Timeout.String()
	}
	if err != nil {
		r.result.Verdict = Worst(r.result.Verdict, v1alpha1.CouldNotRun)
	}
	return err
}

// dumpTimeout bounds a dump.
const dumpTimeout = 30 * time.Second

// keepEvidence writes what the cluster says of the run's Pods into the folder of Dump.
func (r *run) keepEvidence(ctx context.Context) error {
	if r.opts.Dump == "" || !r.result.Started || r.opts.DumpFailures && r.result.Verdict == v1alpha1.Passed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dumpTimeout)
	defer cancel()
	if err := r.env.Evidence.Dump(ctx, r.opts.Dump); err != nil {
		return fmt.Errorf("dump to %s: %w", r.opts.Dump, err)
	}
	return nil
}

// decide lets the observer see what the work came to, before the cleanup takes its time. A
// signal that comes later changes no verdict.
func (r *run) decide(ctx context.Context) error {
	if signal, stopped := SignalOf(ctx); stopped {
		r.result.Interrupted, r.result.Verdict = signal.String(), v1alpha1.Stopped
		if r.result.Started {
			r.result.Err = nil // the signal explains it
		}
	}
	if r.result.Started {
		r.result.Cleanup = &v1alpha1.Cleanup{Kept: r.opts.Keep, RemoveCommand: r.result.RemoveCommand}
		r.observer.OnDecided(r.result)
	}
	return nil
}

// cleanUp removes the run's resources, unless they are to be kept.
func (r *run) cleanUp(ctx context.Context) error {
	begin := time.Now()
	done := session.Cleanup{Cleanup: v1alpha1.Cleanup{Kept: true, RemoveCommand: r.result.RemoveCommand}}
	if r.opts.Keep {
		done.Err = r.env.Session.Leave(ctx)
	} else {
		done = r.env.Session.Close(ctx)
	}
	done.ElapsedMilliseconds = time.Since(begin).Milliseconds()
	if r.result.Started {
		r.result.Cleanup = &done.Cleanup
	}
	return done.Err
}

// judge makes the verdict of all that happened.
func (r *run) judge(ctx context.Context) {
	if signal, stopped := SignalOf(ctx); stopped && !r.result.Started {
		r.result.Interrupted, r.result.Verdict = signal.String(), v1alpha1.Stopped
	}
	switch {
	case !r.result.Started:
		r.result.Err = errors.Join(r.result.Err, r.after)
	case r.after != nil:
		r.result.Cleanup.Error = r.after.Error()
		r.result.Verdict = Worst(r.result.Verdict, v1alpha1.CouldNotRun)
	}
	r.result.EndTime = metav1.NowMicro()
	r.result.ElapsedMilliseconds = r.result.EndTime.Sub(r.result.StartTime.Time).Milliseconds()
}

// bySeverity are the verdicts; a later one outweighs an earlier one.
var bySeverity = []v1alpha1.Verdict{v1alpha1.Passed, v1alpha1.ClaimFailed, v1alpha1.CouldNotRun, v1alpha1.Stopped}

// Worst returns the verdict that outweighs the others; of none it is Passed.
func Worst(verdicts ...v1alpha1.Verdict) v1alpha1.Verdict {
	worst := v1alpha1.Passed
	for _, v := range verdicts {
		if slices.Index(bySeverity, v) > slices.Index(bySeverity, worst) {
			worst = v
		}
	}
	return worst
}
