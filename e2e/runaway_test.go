//go:build unix

package e2e

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// endless is a claim that takes for ever to decide: it compares two lists that are
// equal, and hold 2 to the power of 60 parts.
func endless() string {
	claim := "v59 == [v59][0]"
	for i := 59; i > 0; i-- {
		claim = fmt.Sprintf("[[dyn(v%d), v%d]].all(v%d, %s)", i-1, i-1, i, claim)
	}
	return "[[dyn(1)]].all(v0, " + claim + ")"
}

// TestWhatRunsAwayIsEnded: neither an expression nor a command takes the machine.
func TestWhatRunsAwayIsEnded(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	nested := "true"
	for i := range 9 {
		nested = fmt.Sprintf("[1,2,3,4,5,6,7,8,9,10].all(v%d, %s)", i, nested)
	}
	file := own(t, `    - run: kubectl run y --image=$(images.shell) -- sleep infinity
    - run: kubectl wait --for=condition=Ready pod/y
      expect:
      - claim: It is decided at once
        that: "`+nested+`"
    - run: kubectl exec y -- head -c 3000000 /dev/zero
      expect:
      - claim: It prints nothing else
        that: '!stdout.contains("x")'
    - run: kubectl exec y -- yes
`)
	c := plugin(t, "run", "-f", file)
	begin := time.Now()
	var status procfs.ProcStatus // before it ends; Linux adds the peak of who starts a process to that of its rusage
	story, code := runUntil(t, c, "kubectl exec y -- yes", func(io.Closer) {
		proc, err := procfs.NewProc(c.Process.Pid)
		if err == nil {
			status, err = proc.NewStatus()
		}
		if err != nil {
			t.Error(err)
		}
	})
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("expected the end at once, found it after %s", took)
	}
	for _, want := range []string{"a cost of 1000000 calls", "the command printed 3000000 bytes, of which only the first 1048576 are kept", "stopped after printing more than 32 MiB"} {
		if !strings.Contains(strings.Join(strings.Fields(story), " "), want) {
			t.Errorf("expected %q, found %d:\n%.4000s", want, code, strings.ReplaceAll(story, `\u0000`, ""))
		}
	}
	if status.VmHWM == 0 || status.VmHWM > 1<<30 {
		t.Errorf("expected a peak of less than 1 GiB of memory, found %d bytes", status.VmHWM)
	}
	assertNoNamespace(t, namespaceOf(t, story))
}

// TestASignalEndsWhatComputes sends the first signal to stop, and lets the time of
// --timeout pass, while a claim is computed that hears nothing.
func TestASignalEndsWhatComputes(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	file := own(t, `    - run: kubectl get pods
      expect:
      - claim: They are equal
        that: "`+endless()+`"
`)
	c := plugin(t, "run", "-f", file)
	begin := time.Now()
	story, code := runUntil(t, c, "kubectl get pods", func(io.Closer) {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	if code != 128+int(syscall.SIGTERM) || time.Since(begin) > time.Minute {
		t.Errorf("expected exit code 143 at once, found %d after %s:\n%s", code, time.Since(begin), story)
	}
	assertNoNamespace(t, namespaceOf(t, story))
	stdout, _, code := outcome(t, plugin(t, "run", "-f", file, "--timeout", "2s"))
	if code != 3 || !strings.Contains(stdout, "timed out after 2s") {
		t.Errorf("expected exit code 3 and the time, found %d:\n%s", code, stdout)
	}
	assertNoNamespace(t, namespaceOf(t, stdout))
}
