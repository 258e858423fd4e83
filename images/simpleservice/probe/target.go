package probe

import (
	"context"
	"slices"
	"time"
)

// Result is what is known of one target: a line of JSON. Times are in nanoseconds.
type Result struct {
	ID string `json:"id"`
	// Outcome is Answered when one sample was; else that of the last connection.
	Outcome Outcome `json:"outcome"`
	// Connected tells that a connection stood, whatever came of it.
	Connected bool `json:"connected"`
	// Status and Body are those of the first answer; Other is the first body that
	// differed from it: two servers may share an address.
	Status int    `json:"status,omitempty"`
	Body   string `json:"body,omitempty"`
	Other  string `json:"other,omitempty"`
	// Answered and Failed count the samples. Failed does not count those before the
	// first answer, unless none came.
	Answered int `json:"answered"`
	Failed   int `json:"failed"`
	// Connect and Total are of the samples that were answered.
	Connect Latency `json:"connect"`
	Total   Latency `json:"total"`
	// Settled is the time until the first answer.
	Settled time.Duration `json:"settled,omitempty"`
	// Error is that of the last sample that failed.
	Error string `json:"error,omitempty"`
}

// Latency sums up the samples, by the nearest rank.
type Latency struct {
	P50 time.Duration `json:"p50"`
	P99 time.Duration `json:"p99"`
}

// A target that does not answer is asked again after firstPause, then after twice as
// long each time, up to lastPause.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// probe samples a target, once it has answered or the time to settle is over.
func (r *Request) probe(ctx context.Context, t Target, settled time.Time) Result {
	begin := time.Now()
	result := Result{ID: t.ID}
	timeout := millis(r.TimeoutMS)
	first := attempt(ctx, t, timeout)
	for pause := firstPause; first.outcome != Answered; pause = min(2*pause, lastPause) {
		result.count(first)
		if !rest(ctx, pause, settled) {
			return result
		}
		first = attempt(ctx, t, timeout)
	}
	result = Result{ID: t.ID, Settled: time.Since(begin)}
	replies := []reply{first}
	for len(replies) < r.Samples && ctx.Err() == nil {
		replies = append(replies, attempt(ctx, t, timeout))
	}
	for _, reply := range replies {
		result.count(reply)
	}
	answered := slices.DeleteFunc(replies, func(r reply) bool { return r.outcome != Answered })
	result.Connect = latency(answered, func(r reply) time.Duration { return r.connect })
	result.Total = latency(answered, func(r reply) time.Duration { return r.total })
	return result
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

// count adds a sample.
func (r *Result) count(s reply) {
	r.Connected = r.Connected || s.connected
	if s.err != nil {
		r.Failed++
		r.Error = s.err.Error()
		if r.Answered == 0 {
			r.Outcome, r.Status, r.Body = s.outcome, s.status, s.body
		}
		return
	}
	if r.Answered == 0 {
		r.Outcome, r.Status, r.Body = Answered, s.status, s.body
	} else if s.body != r.Body && r.Other == "" {
		r.Other = s.body
	}
	r.Answered++
}

func latency(replies []reply, of func(reply) time.Duration) Latency {
	times := make([]time.Duration, len(replies))
	for i, r := range replies {
		times[i] = of(r)
	}
	slices.Sort(times)
	rank := func(percent int) time.Duration { return times[(len(times)*percent+99)/100-1] }
	return Latency{rank(50), rank(99)}
}
