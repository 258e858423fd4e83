package engine

import (
	"context"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// early is a command that was sent before its turn: what came of it is kept
// until then.
type early struct {
	done    chan struct{}
	bodies  []Body
	res     kubectl.Result
	failure *failure
}

// sendEarly sends the early commands of a scenario, one after the other, beside
// its other steps, and returns them by the index of their step. Where Confirm asks
// before each command, none is early.
func (r *attempt) sendEarly(ctx context.Context, steps []step) map[int]*early {
	all := map[int]*early{}
	if r.opts.Confirm != nil {
		return all
	}
	var queue []func()
	for i, st := range steps {
		if !st.Early {
			continue
		}
		e := &early{done: make(chan struct{})}
		all[i] = e
		queue = append(queue, func() {
			defer close(e.done)
			if ctx.Err() != nil {
				e.failure = &failure{err: context.Cause(ctx).Error(), verdict: run.VerdictOf(ctx)}
				return
			}
			keep := func(b Body) { e.bodies = append(e.bodies, b) }
			e.res, e.failure = r.command(ctx, st, r.facts(nil), keep)
		})
	}
	go func() {
		for _, send := range queue {
			send()
		}
	}()
	return all
}

// begun waits for the command's end, and reports whether it was begun at all: what
// was sent is shown even after a step that failed.
func (e *early) begun() bool {
	if e == nil {
		return false
	}
	<-e.done
	return len(e.bodies) > 0
}

// result waits for the command's end, and reports what came of it.
func (e *early) result(emit func(Body)) (kubectl.Result, *failure) {
	<-e.done
	for _, b := range e.bodies {
		emit(b)
	}
	return e.res, e.failure
}
