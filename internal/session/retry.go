package session

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
)

const (
	// outage is how long an API server may be away, or turn requests away: one that
	// restarts needs seconds, one that moves to another machine about a minute.
	outage = time.Minute
	// failing is how long a request is sent again that gets 5xx.
	failing = 10 * time.Second
	// notable is the time from which on an outage is worth a word: when the second
	// attempt at a request fails, too.
	notable = 100 * time.Millisecond
	// reportAgain is how often it is reported, at most, that requests are turned away.
	reportAgain = 5 * time.Second
)

// backoff paces the attempts at what fails: seven within about twelve seconds.
func backoff() wait.Backoff {
	return wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Steps: 6}
}

// slowest is the longest time between two attempts at a request that is retried for
// longer than that.
const slowest = time.Second

// pause waits, and reports whether the context still stands.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Retrier has clients retry requests where the API server did not answer: where the
// connection to it broke, where it turned a request away unseen (429), and where
// it, or a proxy on the way, failed (5xx). client-go does so only where the answer
// says after how long, and, of broken connections, for reads only
// (rest/with_retry.go).
//
// What may have been carried out is sent again only where that comes to the same.
// For a create it does not: see transport.create. An API server that has never
// answered is not waited for: its address may be wrong.
//
// A zero Retrier is ready for use.
type Retrier struct {
	mu        sync.Mutex
	listeners map[*func(string)]bool
	// answered: there is an API server.
	answered bool
	// lost is since when it does not answer, reported that this was reported, and failed
	// when the last request met that.
	lost, failed time.Time
	reported     bool
	// throttled is when it was last reported that requests are turned away.
	throttled time.Time
}

// Wrap has the clients of a REST config retry.
func (r *Retrier) Wrap(cfg *rest.Config) {
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &retrying{r, next} })
}

// OnDelay has f called with a sentence on what keeps requests waiting, until stop is called.
// The calls come one at a time.
func (r *Retrier) OnDelay(f func(string)) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listeners == nil {
		r.listeners = map[*func(string)]bool{}
	}
	r.listeners[&f] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.listeners, &f)
	}
}

// report needs the lock.
func (r *Retrier) report(format string, args ...any) {
	for f := range r.listeners {
		(*f)(fmt.Sprintf(format, args...))
	}
}

// alive notes that the API server has answered.
func (r *Retrier) alive() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reported {
		r.report("Reconnected to the API server after %.1f s.", time.Since(r.lost).Seconds())
	}
	r.answered, r.reported, r.lost = true, false, time.Time{}
}

// away notes that the connection broke, and reports whether to wait for another.
func (r *Retrier) away(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.answered {
		return false
	}
	now := time.Now()
	if r.lost.IsZero() || now.Sub(r.failed) > outage {
		r.lost, r.reported = now, false
	}
	r.failed = now
	since := now.Sub(r.lost)
	if since >= notable && !r.reported {
		r.reported = true
		r.report("Lost the connection to the API server (%v): reconnecting.", err)
	}
	return since < outage
}

// busy notes that a request was turned away, and waits.
func (r *Retrier) busy(wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.throttled) >= reportAgain {
		r.throttled = now
		r.report("The API server rejects requests (429): throttled, retrying in %.0f s.", wait.Seconds())
	}
}
