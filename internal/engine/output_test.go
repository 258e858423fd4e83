package engine

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

func TestAnOutputThatWasCutSaysSo(t *testing.T) {
	out := output(kubectl.Result{Stdout: "a\nb\n", StdoutCut: 5}, regexp.MustCompile("a"))
	if want := "a\n\n[truncated: 5 more bytes; the first 1 MiB are kept]\n"; out.Stdout != want || out.Stderr != "" {
		t.Errorf("expected %q, found %q and %q", want, out.Stdout, out.Stderr)
	}
}

// TestAnExpensivePatternEndsWithTheRun: such a match takes minutes.
func TestAnExpensivePatternEndsWithTheRun(t *testing.T) {
	show := regexp.MustCompile("(" + strings.Repeat("(x?){20}", 200) + "){4}y")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped by a signal")
	started := make(chan struct{})
	go func() {
		<-started
		cancel(stop)
	}()
	_, err := wait.Call(ctx, func() Output {
		close(started)
		return output(kubectl.Result{Stdout: strings.Repeat("x", kubectl.MaxOutput)}, show)
	})
	if !errors.Is(err, stop) {
		t.Errorf("expected the cause of the context, found %v", err)
	}
}
