package probe

import (
	"context"
	"slices"
	"time"
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
		if first[t.ID].Outcome == Answered {
			again = append(again, slices.Repeat([]Target{t}, opts.Samples-1)...)
		} else {
			each(first[t.ID].sum(ToolCurl))
		}
	}
	others, err := curl(ctx, exec, again, opts)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if first[t.ID].Outcome == Answered {
			n := opts.Samples - 1
			each(first[t.ID].sum(ToolCurl, others[:n]...))
			others = others[n:]
		}
	}
	return nil
}

// settle asks each target until it has answered, or the time to settle is over.
func settle(ctx context.Context, exec Exec, targets []Target, opts Options) (map[string]*sample, error) {
	samples := map[string]*sample{}
	for _, t := range targets {
		samples[t.ID] = newSample(t.ID)
	}
	begin := time.Now()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		attempts, err := curl(ctx, exec, targets, opts)
		if err != nil {
			return nil, err
		}
		var open []Target
		for i, t := range targets {
			if !samples[t.ID].take(attempts[i]) {
				open = append(open, t)
			}
		}
		targets = open
		if len(targets) == 0 || !rest(ctx, pause, begin.Add(opts.Settle)) {
			return samples, context.Cause(ctx)
		}
	}
}
