package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// terminal shows the run in the chosen view: on standard output, or, where a report goes there,
// on the error stream in short. It cancels a run whose standard output cannot be written.
func (o *output) terminal(streams genericiooptions.IOStreams, cancel context.CancelCauseFunc, otherwise report.View) *report.Terminal {
	out := streams.Out
	var watched io.Writer = watchedWriter{out, func(err error) { cancel(unwritten(err)) }}
	if o.format() != "" {
		out, watched, otherwise = streams.ErrOut, streams.ErrOut, report.Summary
	}
	return report.NewTerminal(watched, liveTerminal(streams.ErrOut), width(out), printers.AllowsColorOutput(out)).As(cmp.Or(report.View(o.view), otherwise))
}

// watchedWriter is a writer that reports each error.
type watchedWriter struct {
	io.Writer
	failed func(error)
}

func (w watchedWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if err != nil {
		w.failed(err)
	}
	return n, err
}

// outputClosed is why a run ends whose output nothing reads any more (`| head`, or a terminal that
// was closed): as by a signal.
var outputClosed = run.Signaled{Signal: syscall.SIGPIPE}

// unwritten is why a run ends whose output cannot be written: it is closed, or has no room,
// such as on a disk that is full.
func unwritten(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO) || errors.Is(err, io.ErrClosedPipe) {
		return outputClosed
	}
	return fmt.Errorf("the output cannot be written: %w", err)
}

// width is the number of columns of a terminal, and 80 of anything else.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

// liveTerminal returns w where a line on it may be overwritten.
func liveTerminal(w io.Writer) io.Writer {
	if printers.IsTerminal(w) && os.Getenv("TERM") != "dumb" {
		return w
	}
	return nil
}
