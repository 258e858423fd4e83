package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// ErrRequest is in the error of Run when the request cannot be used.
var ErrRequest = errors.New("the request cannot be used")

// Run reads a Request from in, and writes a Result for each target to out, a line
// each, in the order in which they are decided. It ends early when out cannot be
// written to: nobody listens any more.
func Run(ctx context.Context, in io.Reader, out io.Writer) error {
	r, err := read(in)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	targets, results := make(chan Target), make(chan Result)
	go func() {
		defer close(targets)
		for _, t := range r.Targets {
			select {
			case targets <- t:
			case <-ctx.Done():
				return
			}
		}
	}()
	settled := time.Now().Add(millis(r.SettleMS))
	var workers sync.WaitGroup
	for range min(r.Parallel, len(r.Targets)) {
		workers.Go(func() {
			for t := range targets {
				results <- r.probe(ctx, t, settled)
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	lines := json.NewEncoder(out)
	for result := range results {
		// After the first error the rest is only drained, so that the workers end.
		if ctx.Err() == nil {
			if err := lines.Encode(result); err != nil {
				cancel(fmt.Errorf("write a result: %w", err))
			}
		}
	}
	return context.Cause(ctx)
}
