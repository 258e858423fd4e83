//go:build unix

package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// within fails a test whose function does not return.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("expected an end at once, found none after 10 s")
	}
}

// TestAPipeInPlaceOfAFileIsRefused: nothing writes to it, so reading it would wait
// for ever.
func TestAPipeInPlaceOfAFileIsRefused(t *testing.T) {
	noCluster(t)
	pipe := func(path string) {
		t.Helper()
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	pipe(filepath.Join(dir, "alone.yaml"))
	example, manifest, behindLink := filepath.Join(dir, "example"), filepath.Join(dir, "manifest"), filepath.Join(dir, "link")
	for _, d := range []string{example, manifest, behindLink} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	pipe(filepath.Join(example, "example.yaml"))
	pipe(filepath.Join(manifest, "pod.yaml"))
	pipe(filepath.Join(behindLink, "pipe"))
	if err := os.Symlink("pipe", filepath.Join(behindLink, "pod.yaml")); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(starterText(t), "kubectl run greeter --image=$(images.shell) -- sleep infinity", "kubectl create -f pod.yaml", 1)
	for _, d := range []string{manifest, behindLink} {
		if err := os.WriteFile(filepath.Join(d, "example.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{filepath.Join(dir, "alone.yaml"), example, manifest, behindLink} {
		for _, args := range [][]string{{"run", "-f", file}, {"run", "-f", file, "--dry-run"}, {"rbac", "-f", file}} {
			within(t, func() {
				code, _, stderr := execute(t, "", args...)
				if code != exitUsage || !strings.Contains(stderr, "expected a regular file, found a named pipe") {
					t.Errorf("%s: expected exit code %d and the reason, found %d and %s", args, exitUsage, code, stderr)
				}
			})
		}
	}
}

// TestASignalEndsTheReadingOfStandardInput: what writes to it may never end.
func TestASignalEndsTheReadingOfStandardInput(t *testing.T) {
	noCluster(t)
	in, writer := io.Pipe()
	t.Cleanup(func() { _ = writer.Close() })
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(errors.New("stopped by a signal")) })
	within(t, func() {
		if code := Execute(ctx, genericiooptions.IOStreams{In: in, Out: io.Discard, ErrOut: io.Discard}, []string{"run", "-f", "-"}); code == 0 {
			t.Error("expected an exit code that is not 0")
		}
	})
}

// failingWriter fails as standard output does that nothing reads, or that has no room.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestAnOutputThatCannotBeWrittenEndsTheRun(t *testing.T) {
	for _, tc := range []struct {
		args  []string
		err   error
		code  int
		words string
	}{
		{nil, syscall.EPIPE, 141, ""},
		{nil, syscall.ENOSPC, 3, "error: the output cannot be written: no space left on device\n"},
		{[]string{"-o", "json"}, syscall.EPIPE, 141, "error: -o json: broken pipe\n"},
		{[]string{"-o", "json"}, syscall.ENOSPC, 3, "error: -o json: the output cannot be written: no space left on device\n"},
	} {
		o, err := outputFor(t, tc.args...)
		if err != nil {
			t.Fatal(err)
		}
		streams, _, _, errOut := genericiooptions.NewTestIOStreams()
		streams.Out = failingWriter{tc.err}
		ctx, cancel := context.WithCancelCause(t.Context())
		o.output.terminal(streams, cancel, report.Story).End(o.collector.Report())
		if stopped := ctx.Err() != nil; stopped != (len(tc.args) == 0) {
			t.Errorf("%q: expected that a story which cannot be written ends the run, found %v", tc.args, stopped)
		}
		exit, _ := errors.AsType[exitError](o.output.end(ctx, streams, o.collector.Report(), v1alpha1.Passed))
		if exit.code != tc.code || !strings.HasSuffix(errOut.String(), tc.words) || tc.words == "" && errOut.Len() > 0 {
			t.Errorf("%q, %v: expected the exit code %d and %q, found %d and %q", tc.args, tc.err, tc.code, tc.words, exit.code, errOut)
		}
	}
}
