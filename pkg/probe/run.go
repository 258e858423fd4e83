package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	utilexec "k8s.io/client-go/util/exec"
)

// errNoProgram tells that the container has no such program.
var errNoProgram = errors.New("no such program in the container")

// run runs a program in the container, and has read its output while it comes.
func run(ctx context.Context, exec Exec, command []string, stdin []byte, stderr io.Writer, read func(io.Reader) error) error {
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := read(out)
		// Whoever still writes must not wait for a reader that is gone.
		_ = out.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		done <- err
	}()
	err := exec(ctx, command, bytes.NewReader(stdin), in, stderr)
	_ = in.Close()
	readErr := <-done
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && hasNoProgram(err):
		return errNoProgram
	case readErr != nil: // tells more than that its pipe was closed
		return readErr
	}
	return err
}

// hasNoProgram: a shell's exit codes, or the words of a container runtime, whose
// error comes as one of the API server.
func hasNoProgram(err error) bool {
	if code, ok := exitCode(err); ok {
		return code == 126 || code == 127
	}
	text := err.Error()
	return strings.Contains(text, "executable file not found") ||
		strings.Contains(text, "exec failed") && strings.Contains(text, "no such file or directory")
}

// exitCode is that of a program that ran and failed.
func exitCode(err error) (int, bool) {
	var exit utilexec.CodeExitError
	if errors.As(err, &exit) {
		return exit.Code, true
	}
	return 0, false
}

// limited keeps the first bytes that are written to it.
type limited struct {
	mu   sync.Mutex
	text []byte
}

const maxStderr = 4 << 10

func (l *limited) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p[:min(len(p), maxStderr-len(l.text))]...)
	return len(p), nil
}

// suffix is the text, to be added to an error.
func (l *limited) suffix() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := strings.TrimSpace(string(l.text)); text != "" {
		return ": " + text
	}
	return ""
}
