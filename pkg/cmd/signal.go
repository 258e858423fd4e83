package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/engine"
)

// SignalContext returns a context that ends with the first signal to stop; its
// cause names the signal. The second signal ends the process at once.
func SignalContext() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A closed standard output is an error of the write, not the end of the
	// process: the cleanup still runs.
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		s := <-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		cancel(engine.Signaled{Signal: s})
	}()
	return ctx
}

// signalCode is the exit code that shells give for the signal that ended ctx.
func signalCode(ctx context.Context) int {
	if s, stopped := engine.SignalOf(ctx); stopped {
		if n, ok := s.Signal.(syscall.Signal); ok {
			return exitSignal + int(n)
		}
	}
	return exitSignal + int(syscall.SIGINT)
}
