package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

// CommandRetried tells that a command was run until its claims held, or its time was over.
type CommandRetried struct {
	Tries   int
	Elapsed time.Duration
}

func (CommandRetried) isBody() {}

// Between two tries of a command is firstPause, then twice as long each time, up to
// lastPause. An exec costs the machine about 50 ms.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = time.Second
)

// untilItHolds runs a command until its claims hold, where the step has time for that:
// a program may just be about to listen. It tells what the last try printed.
func (r *attempt) untilItHolds(ctx context.Context, st step, facts expect.Facts, emit func(Body),
	execute func(emit func(Body)) (kubectl.Result, *failure)) (kubectl.Result, *failure) {
	if st.within == 0 {
		return execute(emit)
	}
	begin := time.Now()
	var printed Body
	keep := func(b Body) {
		if _, is := b.(Output); is {
			printed = b
			return
		}
		emit(b)
	}
	for tries, pause := 1, firstPause; ; tries, pause = tries+1, min(2*pause, lastPause) {
		printed = nil
		res, f := execute(keep)
		if !r.isSettled(ctx, st, facts, res, f) && time.Since(begin)+pause < st.within && r.rest(ctx, pause) {
			emit(Waiting{For: "an answer", State: fmt.Sprintf("tried %d times", tries)})
			continue
		}
		if tries > 1 {
			emit(CommandRetried{tries, time.Since(begin)})
		}
		if printed != nil {
			emit(printed)
		}
		return res, f
	}
}

// isSettled tells whether another try would change nothing: all claims hold, or the
// command itself could not run.
func (r *attempt) isSettled(ctx context.Context, st step, facts expect.Facts, res kubectl.Result, f *failure) bool {
	if f != nil {
		return f.final
	}
	facts.Stdout, facts.Stderr, facts.ExitCode = res.Stdout, res.Stderr, res.ExitCode
	facts.StdoutCut, facts.StderrCut = res.StdoutCut, res.StderrCut
	facts.Objects = r.snapshot()
	for _, c := range st.claims {
		if !c.that.Check(ctx, facts).Holds {
			return false
		}
	}
	return true
}

// rest waits for a moment; it is false where ctx ends first.
func (r *attempt) rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
