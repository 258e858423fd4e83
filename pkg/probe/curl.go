package probe

import (
	"context"
	"slices"
	"time"
)

// A target that does not answer is asked again after firstPause, then after twice
// as long each time, up to lastPause.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// askCurl has the container's curl ask, where there is no simpleservice. One exec
// asks all targets, one after the other; a second one takes the other samples of
// those that have answered.
func askCurl(ctx context.Context, exec Exec, targets []Target, opts Options, each func(Result)) error {
	first, err := settle(ctx, exec, targets, opts)
	if err != nil {
		return err
	}
	var again []Target
	for _, t := range targets {
		if first[t.ID].outcome == Answered {
			again = append(again, slices.Repeat([]Target{t}, opts.Samples-1)...)
		} else {
			each(sum(first[t.ID]))
		}
	}
	rest, err := curl(ctx, exec, again, opts)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if first[t.ID].outcome == Answered {
			n := opts.Samples - 1
			each(sum(first[t.ID], rest[:n]...))
			rest = rest[n:]
		}
	}
	return nil
}

// sample is the first transfer of a target, and what came before it.
type sample struct {
	transfer
	id      string
	failed  int
	settled time.Duration
}

// settle asks each target until it has answered, or the time to settle is over.
func settle(ctx context.Context, exec Exec, targets []Target, opts Options) (map[string]*sample, error) {
	samples := map[string]*sample{}
	for _, t := range targets {
		samples[t.ID] = &sample{id: t.ID}
	}
	begin := time.Now()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		transfers, err := curl(ctx, exec, targets, opts)
		if err != nil {
			return nil, err
		}
		var open []Target
		for i, t := range targets {
			s := samples[t.ID]
			s.transfer = transfers[i]
			if s.outcome != Answered {
				s.failed++
				open = append(open, t)
			} else if s.settled = s.total; s.failed > 0 {
				s.settled, s.failed = time.Since(begin), 0
			}
		}
		targets = open
		if len(targets) == 0 || time.Since(begin)+pause > opts.Settle {
			return samples, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// sum makes the Result of a target's transfers.
func sum(first *sample, others ...transfer) Result {
	r := Result{
		ID: first.id, Outcome: first.outcome, Connected: first.connect > 0, Tool: ToolCurl,
		Failed: first.failed, Settled: first.settled, Err: first.err,
	}
	if first.outcome != Answered {
		return r
	}
	r.Answered = 1
	other := ""
	connects, totals := []time.Duration{first.connect}, []time.Duration{first.total}
	for _, t := range others {
		if t.outcome != Answered {
			r.Failed++
			r.Err = t.err
			continue
		}
		r.Answered++
		connects, totals = append(connects, t.connect), append(totals, t.total)
		if other == "" && t.body != first.body {
			other = t.body
		}
	}
	r.take(first.body, other)
	r.P50, r.P99, r.ConnectP50 = rank(totals, 50), rank(totals, 99), rank(connects, 50)
	return r
}

// rank is a percentile by the nearest rank.
func rank(times []time.Duration, percent int) time.Duration {
	slices.Sort(times)
	return times[(len(times)*percent+99)/100-1]
}
