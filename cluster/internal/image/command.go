package image

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// run runs a tool in a process group of its own, so that all of it ends with ctx. Its
// error ends with what the tool said last.
func run(ctx context.Context, cmd *exec.Cmd) error {
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// SIGTERM, as a tool may have temporary files and mounts to clean up.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w; it said:\n%s", filepath.Base(cmd.Path), err, tail(said.String(), 12))
	}
	return nil
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-n):], "\n  ")
}

func missing(tool, makes, debianPackage string) error {
	return fmt.Errorf("%s not found on PATH: it makes %s; install the package %s", tool, makes, debianPackage)
}
