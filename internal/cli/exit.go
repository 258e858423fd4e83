package cli

import (
	"context"
	"fmt"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Exit codes; those of a signal are 128 and its number.
const (
	exitPassed      = 0
	exitClaimFailed = 1
	exitUsage       = 2
	exitCouldNotRun = 3
	exitSignal      = 128
)

// exitError ends the command with a code; its text, if any, is already shown.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

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
