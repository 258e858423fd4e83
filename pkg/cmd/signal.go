package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/session"
)

// SignalContext returns a context that ends with the first signal to stop; its
// cause names the signal. The second signal ends the cleanup, and the third the
// process.
func SignalContext() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	abandon, giveUp := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A closed standard output is an error of the write, not the end of the
	// process: the cleanup still runs.
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		cancel(engine.Signaled{Signal: <-signals})
		<-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		giveUp()
	}()
	return session.WithAbandon(ctx, abandon)
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
