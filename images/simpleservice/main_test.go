package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary becomes the program itself, to see its exit codes as a kubelet does.
func TestMain(m *testing.M) {
	if os.Getenv("TWIN_RUN") != "" {
		os.Exit(run()) //nolint:forbidigo // stands for main
	}
	os.Exit(m.Run()) //nolint:forbidigo // stands for main
}

func program(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append([]string{"TWIN_RUN=1"}, env...)
	return cmd
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestLeavesAtOnceOnSIGTERM(t *testing.T) {
	port := freePort(t)
	cmd := program(t, []string{"BIND=127.0.0.1", "PORT0=" + port, "HEALTH_MIN=60000", "HEALTH_MAX=60001"})
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewReader(stderr)
	if line, err := log.ReadString('\n'); !strings.HasSuffix(line, "INFO This is simple service in version v0.5.0 listening on port "+port+"\n") {
		t.Errorf("first line %q, %v", line, err)
	}
	// A request that is still being answered does not hold the exit up.
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(request("GET", "/health", "h"))); err != nil {
		t.Fatal(err)
	}
	if _, err := log.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	// Far below the minute of that request, and above what the race detector adds to an exit.
	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %s to leave", took)
	}
}

func TestExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, tc := range []struct {
		env   []string
		args  []string
		stdin string
		code  int
		text  string
	}{
		{[]string{"PORT0=ninety"}, nil, "", 2, "simpleservice: PORT0: expected a port number from 1 to 65535, found \"ninety\"\n"},
		{[]string{"BIND=127.0.0.1", "PORT0=" + port}, nil, "", 1, "address already in use"},
		{nil, []string{"prob"}, "", 2, "simpleservice: expected no argument, or probe; found [\"prob\"]\n"},
		{nil, []string{"probe"}, "{}", 2, "simpleservice: probe: the request cannot be used: targets: expected 1 to 50000, found 0\n"},
		{nil, []string{"probe"}, `{"targets":[{"id":"a","url":"http://127.0.0.1:` + port + `/info"}],"timeoutMs":100}`, 0, `{"id":"a","outcome":"timeout","connected":true,`},
	} {
		cmd := program(t, tc.env, tc.args...)
		cmd.Stdin = strings.NewReader(tc.stdin)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != tc.code || !strings.Contains(string(out), tc.text) {
			t.Errorf("%v: exit %d, %q; want %d, %q", tc.env, cmd.ProcessState.ExitCode(), out, tc.code, tc.text)
		}
	}
}
