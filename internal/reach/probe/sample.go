package probe

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Attempt is the end of one connection.
type Attempt struct {
	Outcome   Outcome
	Connected bool
	// Connect is until the connection stood, or 0 where that is not known; Total until
	// the answer was read.
	Connect, Total time.Duration
	// Answer is what was answered; nil where that is not known.
	Answer *Answer
	Err    string
}

// Sample probes one target by a function of the caller's, as Probe does from within
// a container: one connection after the other, so one that times out, or two that
// fail, are enough. Each attempt is bounded by a context.
func Sample(ctx context.Context, opts Options, dial func(context.Context) Attempt) Result {
	opts = opts.withDefaults()
	var attempts []Attempt
	for answered := false; len(attempts) < opts.Samples && ctx.Err() == nil; {
		bound, cancel := context.WithTimeout(ctx, opts.Timeout)
		a := dial(bound)
		cancel()
		attempts = append(attempts, a)
		answered = answered || a.Outcome == Answered
		if !answered && (a.Outcome == Timeout || len(attempts) == 2) {
			break
		}
	}
	if len(attempts) == 0 {
		attempts = []Attempt{{Outcome: Failed, Err: context.Cause(ctx).Error()}}
	}
	return sum(attempts)
}

// sum makes the Result of all attempts at a target, of which there is one at least.
func sum(attempts []Attempt) (r Result) {
	var first *Answer
	var connects []time.Duration
	for _, a := range attempts {
		if a.Connected {
			r.Connected = true
			connects = append(connects, cmp.Or(a.Connect, a.Total))
		}
		if a.Outcome != Answered {
			r.Failed++
			r.Outcome, r.Err = a.Outcome, a.Err
			continue
		}
		r.Answered++
		switch {
		case a.Answer == nil:
		case first == nil:
			first = a.Answer
		case r.Other == nil && *a.Answer != *first:
			r.Other = a.Answer
		}
	}
	if len(connects) > 0 {
		r.P50, r.P99 = rank(connects, 50), rank(connects, 99)
	}
	switch {
	case first != nil:
		r.Outcome, r.Version, r.From = Answered, first.Version, first.From
	case r.Answered > 0:
		r.Outcome, r.Err = Failed, "its responses were interleaved with others"
	}
	return r
}

// rank is a percentile by the nearest rank.
func rank(times []time.Duration, percent int) time.Duration {
	slices.Sort(times)
	return times[(len(times)*percent+99)/100-1]
}
