package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// action is a step of action.yml, as GitHub runs it.
func action(t *testing.T, temp, step, args string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), "../hack/action.sh", step)
	c.Env = append(os.Environ(), "KUBECONFIG="+*kube.KubeConfig, "RUNNER_TEMP="+temp, "KBE_ARGS="+args,
		"GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary.md"))
	return c
}

func TestTheActionRunsAndCleansUp(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	stdout, stderr, code := outcome(t, action(t, temp, "run", "pods resources"))
	if code != 0 || !strings.Contains(stdout, "::notice title=kubectl kbe pods::2 of 2 claims hold. ") {
		t.Errorf("expected exit code 0 and a notice, found %d:\n%s%s", code, stdout, stderr)
	}
	if summary, err := os.ReadFile(filepath.Join(temp, "summary.md")); err != nil || !strings.Contains(string(summary), "## A pod with resource limits") {
		t.Errorf("expected the page as the job's summary, found %v\n%s", err, summary)
	}
	t.Run("an image that no node can pull", func(t *testing.T) {
		exhaustive(t)
		stdout, stderr, code := outcome(t, action(t, temp, "run", "pods resources --image simpleservice=registry.invalid/nothing:1"))
		if code != 3 || !strings.Contains(stdout, "::error title=kubectl kbe pods::A pod with resource limits: ") {
			t.Errorf("expected exit code 3 and an error, found %d:\n%s%s", code, stdout, stderr)
		}
	})
	if stdout, stderr, code := outcome(t, action(t, temp, "cleanup", "")); code != 0 {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
}

// A job that is cancelled signals the step, and gives it some seconds.
func TestACancelledActionCleansUp(t *testing.T) {
	t.Parallel()
	c := action(t, t.TempDir(), "run", "pods")
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = time.Minute
	progress, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 0, 4096)
	for !strings.Contains(string(text), ", created for this run.") {
		chunk := make([]byte, 512)
		n, err := progress.Read(chunk)
		if text = append(text, chunk[:n]...); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	_, namespace, _ := strings.Cut(string(text), "All commands run in namespace ")
	namespace, _, _ = strings.Cut(namespace, ",")
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 143 {
		t.Errorf("expected exit code 143, found %d", code)
	}
	assertNoNamespace(t, namespace)
}
