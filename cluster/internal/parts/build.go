package parts

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/gotool"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
)

// build fills the cache entry in one step: it appears complete or not at all.
func (b product) build(ctx context.Context, entry string, p *progress.Printer) error {
	// A build that was killed leaves its folder; the caller's lock says that no build works in one now.
	old, _ := filepath.Glob(filepath.Join(filepath.Dir(entry), "building-*"))
	for _, dir := range old {
		os.RemoveAll(dir)
	}
	work, err := os.MkdirTemp(filepath.Dir(entry), "building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	result := filepath.Join(work, "result")
	if err := os.MkdirAll(filepath.Join(result, "bin"), 0o755); err != nil {
		return err
	}
	p.Line("building %s, once; this takes some 10 minutes on 2 cores", b.what)
	for _, s := range b.steps {
		if err := s.run(ctx, work, filepath.Join(result, "bin"), p); err != nil {
			return err
		}
	}
	return os.Rename(result, entry)
}

// write makes a folder of the module, and returns its path.
func (m module) write(work string) (string, error) {
	dir := filepath.Join(work, m.name)
	files := map[string]string{"go.mod": m.mod, "go.sum": m.sum}
	for name, text := range m.mains {
		files[filepath.Join(name, "main.go")] = text
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func (s step) run(ctx context.Context, work, bin string, p *progress.Printer) error {
	begin := time.Now()
	dir, err := s.module.write(work)
	if err != nil {
		return err
	}
	stop := progress.Every(func() { p.Live("downloading modules of %s  %s", s.title, elapsed(begin)) })
	list, err := s.goCommand(ctx, dir, nil, append([]string{"list", "-deps", "-test=" + strconv.FormatBool(s.tests)}, s.packages...))
	stop()
	if err != nil {
		return err
	}
	total := bytes.Count(list, []byte("\n"))

	var done atomic.Int64
	stop = progress.Every(func() {
		counted := fmt.Sprintf("%d/%d packages  ", done.Load(), total)
		if s.tests {
			counted = "" // `go test -c` does not show it
		}
		p.Live("building %s  %s%s", s.title, counted, elapsed(begin))
	})
	_, err = s.goCommand(ctx, dir, func(string) { done.Add(1) }, s.arguments(bin))
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
		last := complaints[max(0, len(complaints)-20):]
		return nil, fmt.Errorf("build %s: `go %s`: %w\n%s", s.title, args[0], err, strings.Join(last, "\n"))
	}
	return out.Bytes(), nil
}

// isPackage distinguishes the lines of `go build -v` from those of a compiler.
func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " \t:#")
}

func elapsed(since time.Time) time.Duration { return time.Since(since).Round(time.Second) }
