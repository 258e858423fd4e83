package parts

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/gotool"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
)

// build fills the cache entry in one step: it appears complete or not at all.
func build(ctx context.Context, entry string, p *progress.Printer) error {
	// A build that was killed leaves its folder; the caller's lock says that nobody works in one now.
	old, _ := filepath.Glob(filepath.Join(filepath.Dir(entry), "building-*"))
	for _, dir := range old {
		os.RemoveAll(dir)
	}
	work, err := os.MkdirTemp(filepath.Dir(entry), "building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := writeModules(work); err != nil {
		return err
	}
	result := filepath.Join(work, "result")
	if err := os.MkdirAll(filepath.Join(result, "bin"), 0o755); err != nil {
		return err
	}
	p.Line("building the parts of the cluster, once; this takes some 10 minutes on 2 cores")
	for _, s := range steps() {
		if err := s.run(ctx, work, filepath.Join(result, "bin"), p); err != nil {
			return err
		}
	}
	return os.Rename(result, entry)
}

func writeModules(work string) error {
	for path, text := range map[string]string{
		"kubernetes/go.mod": kubernetesMod, "kubernetes/go.sum": kubernetesSum,
		"runtime/go.mod": runtimeMod, "runtime/go.sum": runtimeSum,
	} {
		path = filepath.Join(work, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s step) run(ctx context.Context, work, bin string, p *progress.Printer) error {
	begin := time.Now()
	dir := filepath.Join(work, s.module)
	stop := progress.Every(func() { p.Live("downloading modules of %s  %s", s.title, elapsed(begin)) })
	list, err := s.goCommand(ctx, dir, nil, append([]string{"list", "-deps"}, s.packages...))
	stop()
	if err != nil {
		return err
	}
	total := bytes.Count(list, []byte("\n"))

	var done atomic.Int64
	stop = progress.Every(func() {
		p.Live("building %s  %d/%d packages  %s", s.title, done.Load(), total, elapsed(begin))
	})
	args := append(append([]string{"build", "-v", "-o", bin + "/" + s.output}, flags()...), s.packages...)
	_, err = s.goCommand(ctx, dir, func(string) { done.Add(1) }, args)
	stop()
	if err != nil {
		return err
	}
	p.Line("built %s in %s", s.title, elapsed(begin))
	return nil
}

// goCommand runs the go command and returns its output. Every line of its errors that is a package path goes to onPackage,
// as with `go build -v`; the others explain a failure.
func (s step) goCommand(ctx context.Context, dir string, onPackage func(string), args []string) ([]byte, error) {
	goCommand, err := gotool.Find()
	if err != nil {
		return nil, ErrNoGo
	}
	cmd := exec.CommandContext(ctx, goCommand, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GO111MODULE=on", "GOOS=linux")
	// The compilers are children of the go command: interrupt them all together.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var complaints []string
	for scan := bufio.NewScanner(stderr); scan.Scan(); {
		switch line := scan.Text(); {
		case onPackage != nil && isPackage(line):
			onPackage(line)
		case !strings.HasPrefix(line, "go: downloading "):
			complaints = append(complaints, line)
		}
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("build %s: `go %s`: %w\n%s", s.title, args[0], err, strings.Join(tail(complaints, 20), "\n"))
	}
	return out.Bytes(), nil
}

// isPackage tells the lines of `go build -v` from those of a compiler.
func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " \t:#")
}

func tail(lines []string, n int) []string { return lines[max(0, len(lines)-n):] }

func elapsed(since time.Time) time.Duration { return time.Since(since).Round(time.Second) }
