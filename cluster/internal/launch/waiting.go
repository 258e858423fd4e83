package launch

import (
	"fmt"
	"sync"
	"time"
)

// waiting describes what a start is waiting for.
type waiting struct {
	mu    sync.Mutex
	last  string
	begin time.Time
}

func newWaiting() *waiting { return &waiting{last: "the start", begin: time.Now()} }

func (w *waiting) ready(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = part
}

// String returns one line.
func (w *waiting) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("  waiting for what comes after %s  %s", w.last, time.Since(w.begin).Round(time.Second))
}
