package engine

import (
	"context"
	"sync"
)

// logOf names a container's log.
type logOf struct{ pod, container string }

// followers follow the logs that a claim reads, each once at a time.
type followers struct {
	// wrote has a value when a log has grown since it was last received from.
	wrote chan struct{}

	mu       sync.Mutex
	followed map[logOf]bool // false: its end has come
}

// follow begins to follow the logs that it did not before.
func (f *followers) follow(ctx context.Context, read func(ctx context.Context, pod, container string, wrote func()), logs []logOf) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, log := range logs {
		if _, known := f.followed[log]; known {
			continue
		}
		f.followed[log] = true
		go func() {
			read(ctx, log.pod, log.container, f.grown)
			f.mu.Lock()
			defer f.mu.Unlock()
			f.followed[log] = false
		}()
	}
}

// again lets a log whose end has come be followed again. That is for after a
// change of a Pod: before one, it would come to the same end at once.
func (f *followers) again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for log, still := range f.followed {
		if !still {
			delete(f.followed, log)
		}
	}
}

func (f *followers) grown() {
	select {
	case f.wrote <- struct{}{}:
	default: // who waits is awake already
	}
}
