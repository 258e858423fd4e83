package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Options are what a user decides about the run of an example.
type Options struct {
	run.Options
	// AllowClusterScope lets commands leave the run's Namespace.
	AllowClusterScope bool
	// FailFast ends a wait when the cluster has tried again in vain, as for an image that
	// cannot be pulled or a Pod that no Node can run. Otherwise it lasts until its timeout.
	FailFast bool
	// Confirm decides before each command whether to run it; scenarios then run
	// one after the other. nil lets every command run. To end the run, it
	// cancels the context of Run.
	Confirm func(ctx context.Context, command string) bool
}

// Run runs a plan on a cluster, and sends every event to sink, one at a time; observer sees what
// all runs have in common. It removes its resources even if ctx ends.
func Run(ctx context.Context, clients *run.Clients, plan *Plan, opts Options, observer run.Observer, sink func(Event)) v1alpha1.Verdict {
	opts.Confined = !opts.AllowClusterScope
	r := &runner{plan: plan, opts: opts, sink: sink, attempts: map[*attempt]context.CancelCauseFunc{}, connection: clients.Connection()}
	result := run.Run(ctx, clients, opts.Options, run.Work{
		Name: plan.Example.Metadata.Name, Image: plan.anImage(&opts.Options), Needs: plan.Needs(opts.Namespace == ""), Prepare: r.prepare, Do: r.scenarios,
	}, observer)
	if r.stopWatch != nil {
		r.stopWatch()
	}
	r.end(result)
	return result.Verdict
}

// runner is the state of one run.
type runner struct {
	*run.Environment
	plan *Plan
	opts Options

	// serial: a quota has no room for all scenarios at once.
	serial bool

	watcher   *watcher
	stopWatch func()
	kubectl   *kubectl.Kubectl
	// connection is the way to the API server, for a diagnosis.
	connection diagnose.Connection

	// userSkipped: a command was not run, because the user said so.
	userSkipped atomic.Bool

	imagesMu sync.Mutex
	images   *Images
	attempts map[*attempt]context.CancelCauseFunc
	logsSeen sync.Map // of containers, by Pod UID and name

	mu   sync.Mutex
	sink func(Event)
	// ended are the words of the commands in containers that succeeded.
	ended [][]string
}

func (r *runner) emit(scenario int, body Body) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sink(Event{Time: time.Now(), Scenario: scenario, Body: body})
	if _, last := body.(RunEnded); last {
		r.sink = func(Event) {} // a watch may still see a change
	}
}

// prepare makes ready what all scenarios use, and makes sure that the Namespace takes
// what they create.
func (r *runner) prepare(ctx context.Context, env *run.Environment) (err error) {
	r.Environment = env
	if r.images, err = r.plan.Images(&r.opts.Options); err != nil {
		return err
	}
	var ended []session.Leftover
	var wg sync.WaitGroup
	var unfit error
	wg.Go(func() { ended = r.Session.FindEnded(ctx, r.Config) })
	wg.Go(func() { unfit = r.fit(ctx) })
	r.kubectl = kubectl.New(r.Clients, r.Session.Namespace, r.Session.Wrap)
	if !r.Session.Owned {
		err = r.rehearse(ctx)
	}
	wg.Wait()
	if err = errors.Join(unfit, err); err != nil {
		return err
	}
	r.emit(WholeRun, RunStarted{
		Example: r.plan.Example.Metadata.Name, Title: r.plan.Example.Spec.Title, Summary: r.plan.Example.Spec.Summary,
		Run: env.Run, Images: r.images.References(), Hardened: env.Patch.Hardened, Sized: env.Patch.Requests != podpatch.Resources{}, EndedRuns: len(ended), UnavailableAPIs: env.UnavailableAPIs,
	})
	r.replaceBeforehand(ctx)
	return nil
}

// scenarios runs all scenarios: in parallel, or, where each command needs confirmation or
// a quota is narrow, one after the other.
func (r *runner) scenarios(ctx context.Context, _ *run.Environment) (v1alpha1.Verdict, error) {
	r.stopWatch = r.watch(ctx)
	signs, stop := context.WithCancel(ctx)
	defer stop()
	go r.replaceOnSigns(signs)
	verdicts := make([]v1alpha1.Verdict, len(r.plan.scenarios))
	var wg sync.WaitGroup
	for i := range r.plan.scenarios {
		if r.opts.Confirm != nil || r.serial {
			verdicts[i] = r.scenario(ctx, i)
			continue
		}
		wg.Go(func() { verdicts[i] = r.scenario(ctx, i) })
	}
	wg.Wait()
	return run.Worst(verdicts...), nil
}

// end shows what the run came to.
func (r *runner) end(result run.Result) {
	end := RunEnded{RunResult: result.RunResult, Example: r.plan.Example.Metadata.Name, Claims: r.plan.Claims(), Cause: result.Cause(r.connection)}
	if result.Err != nil {
		end.Error = result.Explained(r.connection)
	}
	r.emit(WholeRun, end)
}
