package cli

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// SignalContext is run.SignalContext for the life of the process.
func SignalContext() context.Context {
	// A closed standard output is an error of the write, not the end of the
	// process: the cleanup still runs.
	signal.Ignore(syscall.SIGPIPE)
	ctx, _ := run.SignalContext()
	return ctx
}

// verdictError is the exit code of a report's verdict, or nil where all passed.
func verdictError(ctx context.Context, verdict v1alpha1.Verdict) error {
	switch verdict {
	case v1alpha1.Passed:
		return nil
	case v1alpha1.ClaimFailed:
		return exitError{exitClaimFailed}
	case v1alpha1.Stopped:
		return exitError{signalCode(ctx)}
	default:
		return exitError{exitCouldNotRun}
	}
}

// signalCode is the exit code that shells give for the signal that ended ctx.
func signalCode(ctx context.Context) int {
	if s, stopped := run.SignalOf(ctx); stopped {
		if n, ok := s.Signal.(syscall.Signal); ok {
			return exitSignal + int(n)
		}
	}
	return exitSignal + int(syscall.SIGINT)
}
