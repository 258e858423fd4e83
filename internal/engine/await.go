package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// check decides a claim on what is read now, for it or for a claim of the same step
// before it. One that may take a moment is decided again at each change of a Pod
// that it reads, at each Event, if it reads any, and at each new line of a log,
// until it holds, its time is over, or a Pod that it reads cannot become what it
// should: with that Cause, nothing is known of the claim. It also returns the names of the
// Pods that the claim has read.
func (r *attempt) check(ctx context.Context, c claim, facts expect.Facts, now *snapshot, emit func(Body)) (expect.Verdict, []string, *diagnose.Cause) {
	d := &decision{
		attempt: r, claim: c, facts: facts, now: now, shown: troubles{emit, map[string]bool{}},
		followed: map[logOf]bool{},
	}
	if d.decide(ctx); d.verdict.Holds || c.within == 0 {
		return d.verdict, d.read.names(), nil
	}
	emit(Waiting{For: "the claim", State: c.Claim})
	ctx, cancel := wait.WithTimeoutUnless(ctx, c.within, func() (bool, <-chan struct{}) { return r.watcher.pulling(r.part) })
	defer cancel()
	err := wait.Until(ctx, func() <-chan struct{} { return d.next(ctx) }, func() (bool, error) { return d.again(ctx) })
	cause, found := errors.AsType[*diagnose.Cause](err)
	if err != nil && !found {
		if cause = d.cause(context.WithoutCancel(ctx), nodeLook); cause == nil {
			d.verdict.Err = errors.Join(d.verdict.Err, fmt.Errorf("not within %s", c.within))
		}
	}
	return d.verdict, d.read.names(), cause
}

// decision is a claim that is being decided.
type decision struct {
	*attempt
	claim claim
	facts expect.Facts
	now   *snapshot
	shown troubles
	// followed are the logs that are followed.
	followed map[logOf]bool

	// read is what the last verdict is about, and at when it was read.
	read    *readObjects
	verdict expect.Verdict
	at      time.Time
}

// decide decides the claim on the present state. Where ctx ends meanwhile, the verdict before
// stays.
func (d *decision) decide(ctx context.Context) {
	d.read, d.at = &readObjects{Objects: d.now}, time.Now()
	d.facts.Objects = d.read
	if verdict := d.claim.that.Check(ctx, d.facts); verdict.Holds || ctx.Err() == nil {
		d.verdict = verdict
	}
}

// again decides the claim again, if what it reads has changed.
func (d *decision) again(ctx context.Context) (bool, error) {
	if d.read.changed(d.now.before, d.watcher.now()) {
		d.now.renew()
		if d.decide(ctx); d.verdict.Holds {
			return true, nil
		}
	}
	d.followLogs(ctx)
	c := d.cause(ctx, time.Since(d.at))
	if c == nil || !c.Ends(d.opts.FailFast) {
		d.shown.show(c)
	}
	return false, c.Verdict(d.opts.FailFast)
}

// next is closed at the next change of a Pod or a log that the claim reads, at the next Event about
// the Pod, and when it is time to look at its Node.
func (d *decision) next(ctx context.Context) <-chan struct{} {
	read, before := d.read, d.watcher.now()
	return d.watcher.nextLook(ctx, func() bool { return read.touched(before, d.watcher.now()) }).Done()
}

// cause is why one of the Pods that the claim reads cannot become what it should, or does not
// yet, where that is not the doing of its own program: that may be just what the claim is
// about. It is nil where nothing is wrong, or passes by itself. Nothing has changed for a time:
// still.
func (d *decision) cause(ctx context.Context, still time.Duration) (cause *diagnose.Cause) {
	for _, obj := range d.read.pods {
		pod := asPod(&unstructured.Unstructured{Object: obj})
		if pod == nil {
			continue
		}
		c, pulling := d.causeAfter(ctx, pod, still)
		if pulling {
			d.shown.show(c)
		}
		if c == nil || c.Workload || c.Outlook == diagnose.Slow { // such as a pull, or a probe that fails
			continue
		}
		if c.Ends(d.opts.FailFast) {
			return c
		}
		cause = c
	}
	if c := d.controllerFailure(d.shown); c != nil {
		return c
	}
	return cause
}
