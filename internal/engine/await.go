package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// check decides a claim on what is read now, for it or for a claim of the same step
// before it. One that may take a moment is decided again at each change of a Pod
// that it reads, at each Event, if it reads any, and at each new line of a log,
// until it holds, its time is over, or a Pod that it reads cannot become what it
// should. It also returns the names of the Pods that the claim has read.
func (r *attempt) check(ctx context.Context, c claim, facts expect.Facts, now *snapshot, emit func(Body)) (expect.Verdict, []string) {
	read := &readObjects{Objects: now, failFast: r.opts.FailFast}
	facts.Objects = read
	verdict := c.that.Check(ctx, facts)
	if verdict.Holds || c.within == 0 {
		return verdict, read.names()
	}
	emit(Waiting{For: "the claim", State: c.Claim})
	ctx, cancel := wait.WithTimeout(ctx, c.within)
	defer cancel()
	shown := troubles{emit, map[string]bool{}}
	logs := &followers{wrote: make(chan struct{}, 1), followed: map[logOf]bool{}}
	for {
		cause := read.hopeless()
		if cause == nil {
			cause = r.controllerFailure(shown)
		}
		if cause != nil {
			verdict.Err = cause
			return verdict, read.names()
		}
		logs.follow(ctx, r.Session.FollowLog, read.logs)
		select {
		case <-ctx.Done():
			verdict.Err = errors.Join(verdict.Err, fmt.Errorf("not within %s", c.within))
			return verdict, read.names()
		case <-logs.wrote:
		case <-now.changed:
			var after map[string]changes
			if after, now.changed = r.watcher.now(); !read.changed(now.before, after) {
				continue // it was another Pod
			}
			logs.again()
		}
		now.renew()
		*read = readObjects{Objects: now, failFast: read.failFast}
		if again := c.that.Check(ctx, facts); again.Holds {
			return again, nil
		} else if ctx.Err() == nil {
			verdict = again
		}
	}
}
