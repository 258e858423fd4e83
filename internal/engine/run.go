package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/evidence"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Options are what a user decides about a run.
type Options struct {
	// Namespace is one that exists, or "" for a new one.
	Namespace string
	// Keep leaves everything on the cluster.
	Keep bool
	// Images override references of the example, by short name.
	Images map[string]string
	// Registry is the host that all other images are taken from, or "".
	Registry string
	// PullSecret is the name of a Secret, in the Namespace that exists, with the
	// credentials for the images' registry, or "".
	PullSecret string
	// Timeout bounds the time until the verdict; 0 means no bound. The cleanup
	// has a budget of its own.
	Timeout time.Duration
	// AllowClusterScope lets commands leave the run's Namespace.
	AllowClusterScope bool
	// Patient waits to the end for what the cluster tries again, such as an image
	// that cannot be pulled or a Pod that no Node takes. Otherwise only what
	// passes within moments is waited for.
	Patient bool
	// Dump is a folder to write all evidence to before the cleanup, or "".
	// DumpFailures leaves it out where all claims hold.
	Dump         string
	DumpFailures bool
	// Enforce is the Pod Security Standard that the run's own Namespace enforces,
	// such as restricted, or "" for the cluster's default.
	Enforce string
	// Retrier, where it is not nil, is what getter's clients ask again by: what
	// delays them is told.
	Retrier *session.Retrier
	// Gate is asked before each command whether to run it; scenarios then run
	// one after the other. nil lets every command run. To end the run, it
	// cancels the context of Run.
	Gate func(ctx context.Context, command string) bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Run runs a plan on the cluster that getter names, and sends every event to
// sink, one at a time. It removes what it made also when ctx ends.
func Run(ctx context.Context, getter genericclioptions.RESTClientGetter, plan *Plan, opts Options, sink func(Event)) Verdict {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	r := &run{plan: plan, opts: opts, sink: sink, started: opts.Now(), counts: map[int]counts{}, attempts: map[*attempt]context.CancelCauseFunc{}}
	if opts.Retrier != nil {
		opts.Retrier.OnDelay(func(d session.Delay) { r.emit(WholeRun, Delayed{d}) })
	}
	end := RunEnded{Example: plan.Example.Metadata.Name, Verdict: CouldNotRun}
	if err := r.open(ctx, getter); err != nil {
		end.Err, end.Cause = err.Error(), r.causeOf(err)
		end.NotChecked = plan.Claims()
		if _, stopped := SignalOf(ctx); stopped {
			end.Verdict = Stopped
		}
	} else {
		stop := r.watch(ctx)
		end.Verdict = r.scenarios(ctx, opts.Timeout)
		end.ToVerdict = r.since(r.started)
		dumped := r.dump(ctx, end.Verdict)
		if signal, stopped := SignalOf(ctx); stopped {
			end.Verdict = Stopped
			r.emit(WholeRun, Interrupted{signal.String(), r.session.RemoveCommand()})
		}
		end.Verdict = max(end.Verdict, r.close(ctx, dumped))
		stop()
		for _, c := range r.counts {
			end.Met, end.Failed, end.NotChecked = end.Met+c.met, end.Failed+c.failed, end.NotChecked+c.notChecked
		}
	}
	if opts.Retrier != nil {
		opts.Retrier.OnDelay(nil)
	}
	end.Elapsed = r.since(r.started)
	r.emit(WholeRun, end)
	return end.Verdict
}

// run is the state of one run.
type run struct {
	plan    *Plan
	opts    Options
	started time.Time

	session *session.Session
	watcher *watcher
	kubectl *kubectl.Kubectl
	getter  genericclioptions.RESTClientGetter
	// connection is how the API server is reached, for a diagnosis.
	connection diagnose.Connection
	evidence   evidence.Reader
	patch      podpatch.Patch

	imagesMu sync.Mutex
	images   *Images
	attempts map[*attempt]context.CancelCauseFunc
	logsSeen map[string]bool // of containers, by Pod UID and name

	mu     sync.Mutex
	sink   func(Event)
	counts map[int]counts // by scenario
}

// counts count claims.
type counts struct{ met, failed, notChecked int }

func (r *run) emit(scenario int, body Body) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts[scenario]
	switch body.(type) {
	case ExpectationMet:
		c.met++
	case ExpectationFailed:
		c.failed++
	case ExpectationNotChecked:
		c.notChecked++
	case ScenarioRepeated:
		c = counts{}
	}
	r.counts[scenario] = c
	r.sink(Event{Time: r.opts.Now(), Scenario: scenario, Body: body})
}

func (r *run) since(t time.Time) time.Duration { return r.opts.Now().Sub(t) }

// open reaches the cluster and makes the run's session.
func (r *run) open(ctx context.Context, getter genericclioptions.RESTClientGetter) error {
	r.connection = session.ConnectionOf(getter)
	cfg, err := getter.ToRESTConfig()
	if err != nil {
		return err
	}
	if r.images, err = r.plan.Images(r.opts.Images, r.opts.Registry); err != nil {
		return err
	}
	core, err := corev1client.NewForConfig(cfg)
	if err != nil {
		return err
	}
	server, err := session.Preflight(ctx, cfg, r.grant())
	if err != nil {
		return err
	}
	if r.session, err = session.Open(ctx, cfg, r.plan.Example.Metadata.Name, r.opts.Namespace,
		session.Keep(r.opts.Keep), session.Enforce(r.opts.Enforce), session.StopPodsAfter(session.Deadline+r.opts.Timeout),
		session.OnStuckDeletion(func(object, why string) { r.emit(WholeRun, CleanupHeld{object, why}) })); err != nil {
		return err
	}
	r.getter = getter
	r.evidence = newReader(core, r.session)
	var ended []session.Leftover
	var wg sync.WaitGroup
	wg.Go(func() { ended = r.session.FindEnded(ctx, cfg) })
	r.patch = podpatch.Patch{Hardened: r.session.EnforcesRestricted(ctx), PullSecret: r.opts.PullSecret}
	wg.Wait()
	wrap := r.session.Confine
	if r.opts.AllowClusterScope {
		wrap = r.session.Wrap
	}
	r.kubectl = kubectl.New(getter, r.session.Namespace, wrap)
	if !r.session.Owned {
		if err := r.rehearse(ctx); err != nil {
			return errors.Join(err, r.session.Close(ctx).Err)
		}
	}
	r.emit(WholeRun, RunStarted{
		Example: r.plan.Example.Metadata.Name, Title: r.plan.Example.Spec.Title, Summary: r.plan.Example.Spec.Summary,
		RunID: r.session.ID, Namespace: r.session.Namespace, OwnNamespace: r.session.Owned,
		Context: session.ContextOf(getter), Server: server, Images: r.images.References(), Hardened: r.patch.Hardened,
		EndedRuns: len(ended),
	})
	r.replaceBeforehand(ctx)
	return nil
}

// scenarios runs all scenarios: side by side, or, where a Gate asks before each
// command, one after the other.
func (r *run) scenarios(ctx context.Context, timeout time.Duration) Verdict {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = wait.WithTimeout(ctx, timeout)
		defer cancel()
	}
	signs, stop := context.WithCancel(ctx)
	defer stop()
	go r.replaceOnSigns(signs)
	verdicts := make([]Verdict, len(r.plan.scenarios))
	var wg sync.WaitGroup
	for i := range r.plan.scenarios {
		if r.opts.Gate != nil {
			verdicts[i] = r.scenario(ctx, i)
			continue
		}
		wg.Go(func() { verdicts[i] = r.scenario(ctx, i) })
	}
	wg.Wait()
	worst := Passed
	for _, v := range verdicts {
		worst = max(worst, v)
	}
	return worst
}

// close removes what the run made, unless it is to be kept. It also tells of an
// earlier error.
func (r *run) close(ctx context.Context, earlier error) Verdict {
	begin := r.opts.Now()
	end := CleanupEnded{Namespace: r.session.Namespace, OwnNamespace: r.session.Owned, Kept: r.opts.Keep}
	verdict := Passed
	var err error
	if r.opts.Keep {
		end.RemoveCommand = r.session.RemoveCommand()
		err = r.session.Leave(ctx)
	} else {
		r.emit(WholeRun, CleanupStarted{r.session.Namespace})
		cleanup := r.session.Close(ctx)
		end.Leftovers, end.Unconfirmed, end.RemoveCommand = cleanup.Leftovers, cleanup.Unconfirmed, cleanup.Command
		err = cleanup.Err
	}
	err = errors.Join(earlier, err)
	if err != nil {
		end.Err, verdict = err.Error(), CouldNotRun
	}
	end.Elapsed = r.since(begin)
	r.emit(WholeRun, end)
	return verdict
}
