package run

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Signaled is the cause of a context that a signal has cancelled.
type Signaled struct{ os.Signal }

func (s Signaled) Error() string { return s.String() }

// String names the signal; that of a terminal's quit key is not Quit.
func (s Signaled) String() string {
	if s.Signal == syscall.SIGQUIT {
		return "SIGQUIT"
	}
	return s.Signal.String()
}

// Quit is the signal of a user who has chosen at the prompt to end the run.
var Quit os.Signal = quit{}

type quit struct{}

func (quit) Signal()        {}
func (quit) String() string { return "quit" }

// SignalOf returns the signal that has cancelled a context, if one has.
func SignalOf(ctx context.Context) (Signaled, bool) {
	return errors.AsType[Signaled](context.Cause(ctx))
}

// VerdictOf is the verdict of work that ctx has ended: Stopped by a signal, else that it
// could not be done.
func VerdictOf(ctx context.Context) v1alpha1.Verdict {
	if _, stopped := SignalOf(ctx); stopped {
		return v1alpha1.Stopped
	}
	return v1alpha1.CouldNotRun
}

// SignalContext returns a context that ends with the first signal to stop; its
// cause names the signal. The second signal ends the cleanup, and the third the
// process; but the end of a terminal comes more than once, from the kernel and from the
// shell, and ends no cleanup. stop gives the signals free again.
func SignalContext() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	abandon, giveUp := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	stopping := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
	signal.Notify(signals, stopping...)
	free := func() { signal.Stop(signals) }
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			cancel(Signaled{Signal: s})
		case <-done:
			return
		}
		for {
			select {
			case s := <-signals:
				if s == syscall.SIGHUP {
					continue
				}
				free()
				giveUp()
			case <-done:
			}
			return
		}
	}()
	return session.WithAbandon(ctx, abandon), sync.OnceFunc(func() {
		close(done)
		free()
		cancel(nil)
		giveUp()
	})
}
