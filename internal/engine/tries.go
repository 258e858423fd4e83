package engine

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

// CommandRetried reports that a command was run until its claims held, or its time was over.
type CommandRetried struct {
	Tries   int
	Elapsed time.Duration
}

// Between two tries of a command is firstPause, or as long as the try took; after soon, twice as
// long each time, up to lastPause. An exec costs a machine 50 ms, and one that has much to do more.
const (
	firstPause = 100 * time.Millisecond
	soon       = 500 * time.Millisecond
	lastPause  = time.Second
)

// untilItHolds runs a command until its claims hold, where the step has time for that:
// a program may just be about to listen. It reports what the last try printed.
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
	same := steady{since: begin}
	for tries, pause := 1, firstPause; ; tries++ {
		printed = nil
		changed, started := r.watcher.next(), time.Now()
		res, f := execute(keep)
		pause = min(max(pause, time.Since(started)), lastPause)
		settled := r.isSettled(ctx, st, facts, res, f) || st.Settles > 0 && same.after(res, r.watcher.onTheWay(r.opts.FailFast) || strings.Contains(res.Stdout, terminating)) > st.Settles
		if !settled && time.Since(begin)+pause < st.within && r.rest(ctx, pause, changed) {
			emit(Waiting{For: "an answer", State: fmt.Sprintf("attempt %d", tries+1)})
			if time.Since(begin) > soon {
				pause = min(2*pause, lastPause)
			}
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

// isSettled reports whether another try would change nothing: all claims hold, or the
// command itself could not run.
func (r *attempt) isSettled(ctx context.Context, st step, facts expect.Facts, res kubectl.Result, f *failure) bool {
	if f != nil {
		return f.final
	}
	if notStarted(res) || res.ExitCode != 0 && diagnose.NoProgram(res.Stderr) || diagnose.Proxied(res.Stdout, r.watcher.addedContainers()) != nil {
		return true // an image does not get a program, and a proxy stays
	}
	facts.Outcome, facts.Objects = outcomeOf(res), r.snapshot()
	for _, c := range st.claims {
		if v := c.that.Check(ctx, facts); !v.Holds && !v.Final {
			return false
		}
	}
	return true
}

// terminating is what kubectl shows as the status of a Pod that is being deleted.
const terminating = "Terminating"

// steady is since when a command prints the same, while no Pod of the run is on its way and none that it
// shows is on its way out. Ages do not count.
type steady struct {
	printed string
	since   time.Time
}

// after is how long nothing has changed, after another try.
func (s *steady) after(res kubectl.Result, onTheWay bool) time.Duration {
	if printed := ages.ReplaceAllString(res.Stdout+res.Stderr, ""); onTheWay || s.printed != printed {
		*s = steady{printed, time.Now()}
	}
	return time.Since(s.since)
}

// ages are those that kubectl prints, which change at each try.
var ages = regexp.MustCompile(`\b(\d+[smhd])+\b`)

// leastPause is how long a try waits for others after a change of a Pod: several come
// together.
const leastPause = 50 * time.Millisecond

// rest waits for a moment, a shorter one where a Pod of the run changes; it is false where
// ctx ends first.
func (r *attempt) rest(ctx context.Context, pause time.Duration, changed <-chan struct{}) bool {
	whole, least := time.After(pause), time.After(leastPause)
	select {
	case <-ctx.Done():
		return false
	case <-least:
	}
	select {
	case <-ctx.Done():
		return false
	case <-whole:
	case <-changed:
	}
	return true
}
