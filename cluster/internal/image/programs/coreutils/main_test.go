//go:build linux

package main

import (
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary becomes the program itself, as a kernel runs it.
func TestMain(m *testing.M) {
	if os.Getenv("COREUTILS_RUN") != "" {
		main()
	}
	os.Exit(m.Run()) //nolint:forbidigo // stands for main
}

func program(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = []string{"COREUTILS_RUN=1"}
	return cmd
}

func TestInvoked(t *testing.T) {
	for line, want := range map[string]string{
		"--coreutils-prog-shebang=sleep /usr/bin/sleep 1 2": "sleep sleep 1 2",
		"--coreutils-prog-shebang=sleep /tmp/nap":           "sleep nap",
		"--coreutils-prog-shebang=sleep":                    "sleep sleep",
		"--coreutils-prog=sleep 1":                          "sleep sleep 1",
		"sleep 1":                                           "",
		"":                                                  "",
	} {
		name, rest := invoked(strings.Fields(line))
		if got := strings.TrimSpace(name + " " + strings.Join(rest, " ")); got != want {
			t.Errorf("%q: expected %q, found %q", line, want, got)
		}
	}
}

func TestSum(t *testing.T) {
	for line, want := range map[string]float64{
		"0": 0, "0.5": 0.5, ".5s": 0.5, "1m": 60, "2h": 7200, "1d": 86400, "1m 2 0.5": 62.5, "1e-3": 0.001, "-- 1": 1,
		"infinity": math.Inf(1), "Inf": math.Inf(1), "1e999": math.Inf(1), "0x1p-3": 0.125,
	} {
		if got, err := sum(strings.Fields(line)); err != nil || got != want {
			t.Errorf("%s: expected %g, found %g, %v", line, want, got, err)
		}
	}
}

// The texts are those of GNU's sleep.
func TestWhatItRefuses(t *testing.T) {
	const try = "Try 'sleep --help' for more information.\n"
	for line, want := range map[string]string{
		"":        "sleep: missing operand\n",
		"abc 1 x": "sleep: invalid time interval ‘abc’\nsleep: invalid time interval ‘x’\n",
		"nan":     "sleep: invalid time interval ‘nan’\n",
		"1ms":     "sleep: invalid time interval ‘1ms’\n",
		"0.1S":    "sleep: invalid time interval ‘0.1S’\n",
		"-- -1":   "sleep: invalid time interval ‘-1’\n",
		"-1":      "sleep: invalid option -- '1'\n",
		"--foo":   "sleep: unrecognized option '--foo'\n",
	} {
		cmd := program(slices.Concat([]string{"--coreutils-prog-shebang=sleep", "/usr/bin/sleep"}, strings.Fields(line))...)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 || string(out) != want+try {
			t.Errorf("sleep %s: exit code %d, %q; expected 1, %q", line, cmd.ProcessState.ExitCode(), out, want+try)
		}
	}
	cmd := program("--coreutils-prog=ls", "/")
	if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 || string(out) != "coreutils: unknown program ‘ls’\n" {
		t.Errorf("ls: exit code %d, %q", cmd.ProcessState.ExitCode(), out)
	}
}

func TestSleeps(t *testing.T) {
	begin := time.Now()
	if out, err := program("--coreutils-prog=sleep", "0.2", "0.1s").CombinedOutput(); err != nil || len(out) != 0 || time.Since(begin) < 300*time.Millisecond {
		t.Errorf("after %s: %v, %q", time.Since(begin), err, out)
	}
}

// TestSignal has SIGTERM end it; that it does not where it is PID 1, a test of pods shows.
func TestSignal(t *testing.T) {
	cmd := program("--coreutils-prog=sleep", "infinity")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("expected that the signal ended it, found %v", cmd.ProcessState)
	}
}
