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
	Body           string
	Err            string
}

// A target that does not answer is asked again after firstPause, then after twice
// as long each time, up to lastPause.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// Sample asks one target by a function of the caller's, as Probe asks from within
// a container: until it answers or the time to settle is over, then for the other
// samples. Each attempt is bounded by a context.
func Sample(ctx context.Context, id, tool string, opts Options, ask func(context.Context) Attempt) Result {
	opts = opts.withDefaults()
	attempt := func() Attempt {
		ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
		return ask(ctx)
	}
	s := newSample(id)
	for pause := firstPause; !s.take(attempt()); pause = min(2*pause, lastPause) {
		if !rest(ctx, pause, s.begin.Add(opts.Settle)) {
			return s.sum(tool)
		}
	}
	var others []Attempt
	for range opts.Samples - 1 {
		if ctx.Err() == nil {
			others = append(others, attempt())
		}
	}
	return s.sum(tool, others...)
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

// sample is the first answer of a target, or its last failure.
type sample struct {
	Attempt
	id      string
	begin   time.Time
	failed  int
	settled time.Duration
}

func newSample(id string) *sample { return &sample{id: id, begin: time.Now()} }

// take takes the next attempt, and tells whether it was answered.
func (s *sample) take(a Attempt) bool {
	s.Attempt = a
	if a.Outcome != Answered {
		s.failed++
		return false
	}
	if s.settled = a.Total; s.failed > 0 {
		s.settled, s.failed = time.Since(s.begin), 0
	}
	return true
}

// sum makes the Result, with the attempts that came after the first answer.
func (s *sample) sum(tool string, others ...Attempt) Result {
	r := Result{
		ID: s.id, Outcome: s.Outcome, Connected: s.Connected, Tool: tool,
		Failed: s.failed, Settled: s.settled, Err: s.Err,
	}
	if s.Outcome != Answered {
		return r
	}
	r.Answered = 1
	other := ""
	connects, totals := []time.Duration{s.Connect}, []time.Duration{s.Total}
	for _, a := range others {
		if a.Outcome != Answered {
			r.Failed++
			r.Err = a.Err
			continue
		}
		r.Answered++
		connects, totals = append(connects, a.Connect), append(totals, a.Total)
		if other == "" && a.Body != s.Body {
			other = a.Body
		}
	}
	r.take(s.Body, other)
	r.P50, r.P99, r.ConnectP50 = rank(totals, 50), rank(totals, 99), rank(connects, 50)
	return r
}

// rank is a percentile by the nearest rank.
func rank(times []time.Duration, percent int) time.Duration {
	slices.Sort(times)
	return times[(len(times)*percent+99)/100-1]
}
