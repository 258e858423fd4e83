package kubectl

import (
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync"

	"k8s.io/client-go/rest"
)

// Some of kubectl's commands (delete, get --watch, logs, rollout, run) take the
// signals that stop a program while they wait, and end the process with
// os.Exit(1), with no way to say otherwise (k8s.io/kubectl/pkg/util/interrupt):
// nothing would be cleaned up. They take them just before their first request,
// so at that request the signals are taken back.

// KeepSignals has the signals go to c, and to nobody else, whatever command
// runs; nil gives them free. It holds for the process, as signals do.
func KeepSignals(c chan<- os.Signal, signals ...os.Signal) {
	kept.mu.Lock()
	defer kept.mu.Unlock()
	kept.to, kept.signals = c, signals
	kept.take()
}

var kept keeper

type keeper struct {
	mu      sync.Mutex
	to      chan<- os.Signal
	signals []os.Signal
}

// take needs the lock.
func (k *keeper) take() {
	if k.to == nil {
		return
	}
	// Not Reset: a signal between the two calls would end the process.
	signal.Ignore(k.signals...)
	signal.Notify(k.to, k.signals...)
}

// takers are the commands that take signals.
var takers = []string{"delete", "get", "logs", "rollout", "run"}

// keepSignals returns the wrapper of a command's requests.
func keepSignals(verb string, wrap func(*rest.Config)) func(*rest.Config) {
	if !slices.Contains(takers, verb) {
		return wrap
	}
	return func(cfg *rest.Config) {
		if wrap != nil {
			wrap(cfg)
		}
		cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return takeBack{next} })
	}
}

type takeBack struct{ next http.RoundTripper }

func (t takeBack) RoundTrip(req *http.Request) (*http.Response, error) {
	kept.mu.Lock()
	kept.take()
	kept.mu.Unlock()
	return t.next.RoundTrip(req)
}
