package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// scenario runs one scenario. What an attempt found says nothing of the cluster where an
// image was replaced under it; nor does a failure where the cluster has taken a Pod of it
// away, once: then the scenario runs again.
func (r *runner) scenario(ctx context.Context, index int) v1alpha1.Verdict {
	sc := r.plan.scenarios[index]
	begin := time.Now()
	emit := func(b Body) { r.emit(index, b) }
	emit(ScenarioStarted{sc.Name, sc.Title})
	verdict, disrupted := v1alpha1.CouldNotRun, false
	for {
		a, attemptCtx, end := r.attempt(ctx, sc)
		verdict = a.steps(attemptCtx, sc.steps, a.unlessSuperseded(attemptCtx, emit))
		again := end()
		if again == nil {
			again = a.readmitted(ctx)
		}
		if again == nil && !disrupted && verdict != v1alpha1.Passed {
			again = r.watcher.disruption(a.part)
			disrupted = again != nil
		}
		repeat := again != nil && ctx.Err() == nil
		if repeat {
			emit(ScenarioRepeated{again})
		}
		if repeat || r.serial { // the next one needs the room
			if err := a.part.Remove(ctx); err != nil {
				emit(StepFailed{err.Error(), r.causeOf(err), v1alpha1.CouldNotRun})
				verdict, repeat = run.Worst(verdict, v1alpha1.CouldNotRun), false
			}
		}
		if !repeat {
			break
		}
	}
	emit(ScenarioEnded{time.Since(begin)})
	return verdict
}

// attempt is one run of a scenario.
type attempt struct {
	*runner
	scenario scenario
	part     *session.Part
	kubectl  *kubectl.Kubectl
	// images are those in use when it began.
	images *Images
	// patch is what admission required of Pods when it began; denied: it may require more.
	patch  podpatch.Patch
	denied atomic.Bool
	// unplaced are the Causes of Pods that the cluster cannot place as the scenario has it,
	// by name.
	unplaced sync.Map
}

// attempt begins an attempt of a scenario, with the images and with what admission requires as
// they are now. end ends it, and returns why it does not count, or nil.
func (r *runner) attempt(ctx context.Context, sc scenario) (a *attempt, attemptCtx context.Context, end func() *diagnose.Cause) {
	part := r.Session.Part()
	ctx, cancel := context.WithCancelCause(ctx)
	r.imagesMu.Lock()
	defer r.imagesMu.Unlock()
	a = &attempt{runner: r, scenario: sc, part: part, kubectl: r.kubectl.Wrapped(part.Wrap), images: r.images, patch: r.Patch}
	r.attempts[a] = cancel
	return a, ctx, func() *diagnose.Cause {
		r.imagesMu.Lock()
		delete(r.attempts, a)
		r.imagesMu.Unlock()
		defer cancel(nil)
		if s, ok := errors.AsType[superseded](context.Cause(ctx)); ok {
			return s.cause()
		}
		return nil
	}
}

// readmitted is why an attempt does not count that was denied what was admitted before: the
// cluster's controllers labelled the run's Namespace, or gave it a quota or a LimitRange, after the
// run had looked at it. It is nil where another attempt would be denied, too.
func (r *attempt) readmitted(ctx context.Context) *diagnose.Cause {
	if !r.denied.Load() {
		return nil
	}
	r.imagesMu.Lock()
	defer r.imagesMu.Unlock()
	if r.Patch == r.patch && !r.Admit(ctx) {
		return nil
	}
	what := "require requests or limits"
	if r.Patch.Hardened && !r.patch.Hardened {
		what = "enforce the Pod Security Standard restricted"
	}
	return &diagnose.Cause{What: fmt.Sprintf("namespace %q did not %s when the run began, and does now", r.Session.Namespace, what)}
}

// unlessSuperseded passes on the events of an attempt as long as it counts: what fails
// because of an image that is being replaced is no failure.
func (r *attempt) unlessSuperseded(ctx context.Context, emit func(Body)) func(Body) {
	return func(b Body) {
		switch b := b.(type) {
		case StepFailed:
			r.awaitSigns(ctx, b.Cause)
		case ClaimDecided:
			if b.Outcome == v1alpha1.Failed {
				r.awaitSigns(ctx, nil)
			}
		}
		if !errors.As(context.Cause(ctx), new(superseded)) {
			emit(b)
		}
	}
}

// steps runs the steps of a scenario in order. A claim that fails does not end it:
// what follows may prove something else. A command that fails does.
func (r *attempt) steps(ctx context.Context, steps []step, emit func(Body)) v1alpha1.Verdict {
	worst := v1alpha1.Passed
	broken := false
	named := map[string]expect.Outcome{}
	sent := r.sendEarly(ctx, steps)
	for i, st := range steps {
		if broken && !sent[i].begun() {
			skipped := r.planned(st)
			skipped.Skipped = true
			emit(StepStarted{skipped})
			st.notChecked(emit)
			continue
		}
		v, failed := r.step(ctx, st, named, sent[i], emit)
		worst, broken = run.Worst(worst, v), broken || failed
	}
	return worst
}

// step runs one step; broken reports that its command could not do its work.
// named are the outcomes of earlier steps, to which it adds its own. The command
// of an early one is sent already.
func (r *attempt) step(ctx context.Context, st step, named map[string]expect.Outcome, sent *early, emit func(Body)) (v v1alpha1.Verdict, broken bool) {
	begin := time.Now()
	emit(StepStarted{r.planned(st)})
	defer func() { emit(StepEnded{time.Since(begin)}) }()

	facts := r.facts(named)
	facts.Step, facts.Objects = st.Name, r.snapshot()
	var res kubectl.Result
	var failure *failure
	switch {
	case st.NotRun != "":
		failure = st.cannotRun()
	case sent != nil:
		res, failure = sent.result(emit)
	default:
		res, failure = r.command(ctx, st, facts, emit)
	}
	if failure != nil {
		if failure.harmless() {
			emit(StepNotApplicable{failure.cause})
		}
		r.denied.CompareAndSwap(false, failure.readmit)
		if _, stopped := run.SignalOf(ctx); stopped { // that the run reports
			failure.err, failure.verdict = "", v1alpha1.Stopped
		}
		if failure.err != "" {
			emit(StepFailed{failure.err, failure.cause, failure.verdict})
			r.keepEvidence(ctx, failure.words, nil, emit)
		}
		st.notChecked(emit)
		return failure.verdict, !failure.skipped
	}
	facts.Outcome, facts.Elapsed = outcomeOf(res), time.Since(begin)
	if st.Name != "" {
		named[st.Name] = facts.Outcome
	}
	return r.claims(ctx, st, facts, res, emit)
}

// claims decides the claims of a step by what its command came to; broken reports that an object
// that they are about cannot be what it should, so that what needs it is not waited for.
func (r *attempt) claims(ctx context.Context, st step, facts expect.Facts, res kubectl.Result, emit func(Body)) (v v1alpha1.Verdict, broken bool) {
	now := r.snapshot()
	v = v1alpha1.Passed
	var suspects []string // Pods that claims which fail have read
	var cause *diagnose.Cause
	ended := false
	for i, c := range st.claims {
		decided := ClaimDecided{Index: i, Outcome: v1alpha1.NotChecked}
		verdict, read, why := r.check(ctx, c, facts, now, emit)
		broken = broken || why != nil && !why.Harmless
		if !verdict.Holds && verdict.Err == nil && why == nil {
			why = r.excuse(ctx, read, res)
		}
		switch {
		case verdict.Holds:
			decided.Outcome = v1alpha1.Met
		case errors.As(verdict.Err, new(expect.Undecided)): // not checked
		case ctx.Err() != nil:
			ended = true
		case why != nil:
			cause = cmp.Or(cause, why)
			suspects = append(suspects, read...)
		default:
			v = v1alpha1.ClaimFailed
			decided.Outcome, decided.Mismatches = v1alpha1.Failed, verdict.Mismatches
			if verdict.Err != nil {
				decided.Err = verdict.Err.Error()
			}
			suspects = append(suspects, read...)
		}
		emit(decided)
	}
	if r.plan.Page != nil {
		emit(ValuesBound{r.plan.Page.Bindings(facts)})
	}
	v = run.Worst(v, reportUnchecked(cause, emit))
	if len(suspects) > 0 {
		r.keepEvidence(ctx, nil, suspects, emit)
	}
	// A claim that is not checked is not one that holds. The run reports a signal.
	if _, stopped := run.SignalOf(ctx); ended && !stopped {
		emit(StepFailed{context.Cause(ctx).Error(), nil, v1alpha1.CouldNotRun})
		return run.Worst(v, v1alpha1.CouldNotRun), true
	}
	return v, broken
}

// reportUnchecked reports why claims of a step are not checked; the Cause may be nil.
func reportUnchecked(cause *diagnose.Cause, emit func(Body)) v1alpha1.Verdict {
	switch {
	case cause == nil:
		return v1alpha1.Passed
	case cause.Harmless:
		emit(StepNotApplicable{cause})
		return v1alpha1.Passed
	default:
		emit(StepFailed{"a claim of this step cannot be checked", cause, v1alpha1.CouldNotRun})
		return v1alpha1.CouldNotRun
	}
}

// notChecked reports that a step that could not run leaves its claims open.
func (st step) notChecked(emit func(Body)) {
	for i := range st.claims {
		emit(ClaimDecided{Index: i, Outcome: v1alpha1.NotChecked})
	}
}

// excuse is why a claim that does not hold says nothing of the example, or nil.
func (r *attempt) excuse(ctx context.Context, read []string, res kubectl.Result) *diagnose.Cause {
	return cmp.Or(r.lost(ctx, read), diagnose.Proxied(res.Stdout, r.watcher.addedContainers()))
}

func outcomeOf(res kubectl.Result) expect.Outcome {
	return expect.Outcome{Stdout: res.Stdout, Stderr: res.Stderr, ExitCode: res.ExitCode, StdoutCut: res.StdoutCut, StderrCut: res.StderrCut}
}

// notRun is what the reason begins with why a command is not run.
const notRun = "not run: "

// cannotRun is the failure of a step whose command cannot run. What its author knows of
// fails no run.
func (st step) cannotRun() *failure {
	if st.Known {
		return notApplicable(&diagnose.Cause{What: "This command is not run", Why: strings.TrimPrefix(st.NotRun, notRun), Harmless: true})
	}
	return &failure{err: st.NotRun, verdict: v1alpha1.CouldNotRun, skipped: true}
}

// facts are what is known without a look at the cluster.
func (r *attempt) facts(named map[string]expect.Outcome) expect.Facts {
	return expect.Facts{
		Images: r.images.References(), Texts: r.plan.Example.Texts, RunID: r.Session.ID, Namespace: r.Session.Namespace,
		Steps: named, Page: r.plan.Page,
	}
}
