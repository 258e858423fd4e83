package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

const confirmHelp = "Enter runs the command, s skips it, q quits and cleans up, ? shows this help"

// newConfirm returns the question of --step. It cancels the run where the user quits, and
// where the input ends, for there is no user to answer.
func newConfirm(streams genericiooptions.IOStreams, cancel context.CancelCauseFunc) func(context.Context, string) bool {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(streams.In); in.Scan(); {
			lines <- strings.TrimSpace(in.Text())
		}
	}()
	return func(ctx context.Context, command string) bool {
		for {
			fmt.Fprint(streams.ErrOut, "    [Enter, s, q, ?] ")
			var answer string
			var open bool
			select {
			case <-ctx.Done():
				fmt.Fprintln(streams.ErrOut)
				return false
			case answer, open = <-lines:
			}
			switch {
			case !open:
				fmt.Fprintln(streams.ErrOut)
				cancel(errors.New("--step: the standard input has ended, so no one answers: run it on a terminal, or without --step"))
				return false
			case answer == "q":
				cancel(run.Signaled{Signal: run.Quit})
				return false
			case answer == "":
				return true
			case answer == "s":
				return false
			case answer == "?":
				fmt.Fprintf(streams.ErrOut, "    %s.\n    kubectl's own code runs the command, as shown:\n    %s\n", confirmHelp, command)
			default:
				fmt.Fprintf(streams.ErrOut, "    %q: %s.\n", answer, confirmHelp)
			}
		}
	}
}
