package probe

import (
	"context"
	"slices"
	"time"
)

// Attempt is the end of one connection.
type Attempt struct {
	Outcome   Outcome
	Connected bool
	// Connect is until the connection stood, Total until the answer was read.
	Connect, Total time.Duration
	// Answer is what was answered; nil where that is not known.
	Answer *Answer
	Err    string
}

// A target that does not answer is probed again after firstPause, then after twice
// as long each time, up to lastPause.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// Sample probes one target by a function of the caller's, as Probe does from within
// a container: until it answers or the time to settle is over, then for the other
// samples. Each attempt is bounded by a context.
func Sample(ctx context.Context, id string, opts Options, dial func(context.Context) Attempt) Result {
	opts = opts.withDefaults()
	attempt := func() Attempt {
		ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
		return dial(ctx)
	}
	settled := time.Now().Add(opts.Settle)
	attempts := []Attempt{attempt()}
	for pause := firstPause; attempts[0].Outcome != Answered; pause = min(2*pause, lastPause) {
		if !rest(ctx, pause, settled) {
			return sum(id, attempts)
		}
		attempts[0] = attempt()
	}
	for len(attempts) < opts.Samples && ctx.Err() == nil {
		attempts = append(attempts, attempt())
	}
	return sum(id, attempts)
}

// rest waits for a pause, or tells that no time is left for another attempt.
func rest(ctx context.Context, pause time.Duration, until time.Time) bool {
	if time.Now().Add(pause).After(until) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// sum makes the Result of all attempts at a target, of which there is one at least.
func sum(id string, attempts []Attempt) Result {
	r := Result{ID: id}
	var first *Answer
	var connects, totals []time.Duration
	for _, a := range attempts {
		r.Connected = r.Connected || a.Connected
		if a.Outcome != Answered {
			r.Failed++
			r.Outcome, r.Err = a.Outcome, a.Err
			continue
		}
		connects, totals = append(connects, a.Connect), append(totals, a.Total)
		switch {
		case a.Answer == nil:
		case first == nil:
			first = a.Answer
		case r.Other == nil && *a.Answer != *first:
			r.Other = a.Answer
		}
	}
	switch r.Answered = len(totals); {
	case first != nil:
		r.Outcome, r.Answer = Answered, *first
		r.P50, r.P99, r.ConnectP50 = rank(totals, 50), rank(totals, 99), rank(connects, 50)
	case r.Answered > 0:
		r.Outcome, r.Err = Failed, "its answers came in pieces, between those of others"
	}
	return r
}

// rank is a percentile by the nearest rank.
func rank(times []time.Duration, percent int) time.Duration {
	slices.Sort(times)
	return times[(len(times)*percent+99)/100-1]
}
