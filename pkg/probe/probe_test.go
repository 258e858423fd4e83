package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	utilexec "k8s.io/client-go/util/exec"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/wait"
)

// buildTwin builds the program of the service's image.
var buildTwin = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "kbe-twin-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", dir+"/", "./simpleservice")
	build.Dir, build.Stderr = "../../images", os.Stderr
	return filepath.Join(dir, "simpleservice"), build.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if twin, err := buildTwin(); err == nil {
		os.RemoveAll(filepath.Dir(twin))
	}
	os.Exit(code) //nolint:forbidigo // stands for main
}

// What containerd 2.4 says through the API server.
const noSuchFile = `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "97f7": ` +
	`OCI runtime exec failed: exec failed: unable to start container process: exec: "/simpleservice": stat /simpleservice: no such file or directory`

// machine runs programs on this machine, as in a container that has only those.
func machine(t *testing.T, programs ...string) Exec {
	t.Helper()
	twin, err := buildTwin()
	if err != nil {
		t.Fatalf("build the twin: %v", err)
	}
	return func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
		if !slices.Contains(programs, command[0]) {
			return errors.New(noSuchFile)
		}
		c := exec.CommandContext(ctx, strings.Replace(command[0], program, twin, 1), command[1:]...)
		c.Stdin, c.Stdout, c.Stderr = stdin, stdout, stderr
		err := c.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
		}
		return err
	}
}

// listener accepts connections on loopback and does with each what handle does.
func listener(t *testing.T, handle func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go handle(conn)
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		defer conn.Close()
		if _, err := conn.Read(make([]byte, 1<<10)); err == nil {
			_, _ = io.WriteString(conn, text)
		}
	}
}

// service answers as simpleservice does, with a version for each request.
func service(t *testing.T, version func(n int64) string) netip.AddrPort {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		if err := json.NewEncoder(w).Encode(map[string]string{"host": r.Host, "version": version(asked.Add(1)), "from": from}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return netip.MustParseAddrPort(server.Listener.Addr().String())
}

// closedPort is an address on loopback where nothing listens.
func closedPort(t *testing.T, host string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

func results(t *testing.T, in Exec, targets []Target, opts Options) map[string]Result {
	t.Helper()
	found := map[string]Result{}
	if err := Probe(t.Context(), in, targets, opts, func(r Result) { found[r.ID] = r }); err != nil {
		t.Fatal(err)
	}
	if len(found) != len(targets) {
		t.Fatalf("expected %d results, found %v", len(targets), found)
	}
	return found
}

// TestBothToolsFindTheSame runs the twin's program and curl, on loopback.
func TestBothToolsFindTheSame(t *testing.T) {
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	outcomes := map[string]struct {
		address   netip.AddrPort
		outcome   Outcome
		connected bool
	}{
		"answers":            {service(t, func(int64) string { return "n0nce" }), Answered, true},
		"nothing listens":    {closedPort(t, "127.0.0.1:0"), Refused, false},
		"nothing on IPv6":    {closedPort(t, "[::1]:0"), Refused, false},
		"accepts, is silent": {listener(t, func(c net.Conn) { <-end; c.Close() }), Timeout, true},
		"closes":             {listener(t, says("")), Reset, true},
		"ends in the body":   {listener(t, says("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")), Reset, true},
		"speaks SSH":         {listener(t, says("SSH-2.0-OpenSSH\r\n")), Protocol, true},
		"another service":    {listener(t, says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")), Protocol, true},
		"another status":     {listener(t, says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), Protocol, true},
		"a long answer":      {listener(t, says("HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 1<<20))), Protocol, true},
	}
	var targets []Target
	for name, tc := range outcomes {
		targets = append(targets, Target{ID: name, Address: tc.address})
	}
	for tool, in := range map[string]Exec{ToolTwin: machine(t, program, "curl"), ToolCurl: machine(t, "curl")} {
		found := results(t, in, targets, Options{Samples: 3, Timeout: 300 * time.Millisecond})
		for name, tc := range outcomes {
			got := found[name]
			if got.Outcome != tc.outcome || got.Connected != tc.connected || got.Tool != tool {
				t.Errorf("%s: %s: expected %s, connected %t, found %+v", tool, name, tc.outcome, tc.connected, got)
			}
			if tc.outcome == Answered {
				assertAnswered(t, got, tc.address)
			} else if got.Answered != 0 || got.Failed != 1 || got.Err == "" || got.Settled != 0 {
				t.Errorf("%s: %s: found %+v", tool, name, got)
			}
		}
	}
}

func assertAnswered(t *testing.T, got Result, address netip.AddrPort) {
	t.Helper()
	if got.Version != "n0nce" || got.Host != address.String() || got.From.String() != "127.0.0.1" || got.Other != nil {
		t.Errorf("found %+v", got)
	}
	if got.Answered != 3 || got.Failed != 0 || got.Err != "" || got.ConnectP50 == 0 || got.P50 < got.ConnectP50 || got.P99 < got.P50 || got.Settled == 0 {
		t.Errorf("found %+v", got)
	}
}

func TestTwoServersAtOneAddressAreTold(t *testing.T) {
	for tool, in := range map[string]Exec{ToolTwin: machine(t, program), ToolCurl: machine(t, "curl")} {
		address := service(t, func(n int64) string { return []string{"even", "odd"}[n%2] })
		got := results(t, in, []Target{{"a", address}}, Options{})["a"]
		if got.Version != "odd" || got.Other == nil || got.Other.Version != "even" || got.Answered != 5 {
			t.Errorf("%s: found %+v", tool, got)
		}
	}
}

func TestATargetMaySettle(t *testing.T) {
	for tool, in := range map[string]Exec{ToolTwin: machine(t, program), ToolCurl: machine(t, "curl")} {
		var before atomic.Int64
		late := listener(t, func(conn net.Conn) {
			if before.Add(1) <= 2 {
				conn.Close()
				return
			}
			says("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"version\": \"v\"}")(conn)
		})
		got := results(t, in, []Target{{"late", late}}, Options{Settle: 20 * time.Second})["late"]
		if got.Outcome != Answered || got.Answered != 5 || got.Failed != 0 || got.Version != "v" || got.From.IsValid() || got.Settled < 20*time.Millisecond {
			t.Errorf("%s: found %+v", tool, got)
		}
	}
}

func TestManyTargets(t *testing.T) {
	address := service(t, func(int64) string { return "v" })
	var targets []Target
	for i := range 1000 {
		targets = append(targets, Target{fmt.Sprint(i), address})
	}
	for tool, in := range map[string]Exec{ToolTwin: machine(t, program), ToolCurl: machine(t, "curl")} {
		for id, got := range results(t, in, targets, Options{Samples: 1, Timeout: 10 * time.Second}) {
			if got.Outcome != Answered {
				t.Fatalf("%s: %s: found %+v", tool, id, got)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	one := []Target{{"a", netip.MustParseAddrPort("127.0.0.1:1")}}
	two := []Target{one[0], {"b", netip.MustParseAddrPort("127.0.0.1:2")}}
	writes := func(text string, err error) Exec {
		return func(_ context.Context, _ []string, _ io.Reader, stdout, stderr io.Writer) error {
			_, _ = io.WriteString(stdout, text)
			_, _ = io.WriteString(stderr, "because\n")
			return err
		}
	}
	for name, tc := range map[string]struct {
		exec    Exec
		targets []Target
		want    string
	}{
		"no tool":         {machine(t), one, ErrNoTool.Error()},
		"shell's 127":     {writes("", utilexec.CodeExitError{Code: 127}), one, ErrNoTool.Error()},
		"IDs":             {machine(t), slices.Repeat(two, 2), `target "a": expected each ID once`},
		"no address":      {machine(t), []Target{{ID: "a"}}, "expected an address and a port"},
		"ends early":      {writes(`{"id":"a","outcome":"refused"}`+"\n", nil), two, "/simpleservice probe told of 1 of 2 targets: it ended early: because"},
		"fails":           {writes("", errors.New("pods \"x\" not found")), one, `told of 0 of 1 targets: pods "x" not found: because`},
		"is no probe":     {writes("hello\n", nil), one, `expected a result of one of the targets, found "hello"`},
		"another target":  {writes(`{"id":"z"}`+"\n", nil), one, "expected a result of one of the targets"},
		"an endless line": {writes(strings.Repeat("x", 1<<20), nil), one, "token too long"},
	} {
		err := Probe(t.Context(), tc.exec, tc.targets, Options{}, func(Result) {})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: expected %q, found %v", name, tc.want, err)
		}
	}
	if err := Probe(t.Context(), machine(t), nil, Options{}, nil); err != nil {
		t.Errorf("expected nothing to do, found %v", err)
	}
}

// TestResultsStreamUntilTheEnd: the exec of a node that is gone never ends by itself.
func TestResultsStreamUntilTheEnd(t *testing.T) {
	hangs := func(ctx context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) error {
		_, _ = io.WriteString(stdout, `{"id":"a","outcome":"refused"}`+"\n")
		<-ctx.Done()
		return ctx.Err()
	}
	targets := []Target{{"a", netip.MustParseAddrPort("127.0.0.1:1")}, {"b", netip.MustParseAddrPort("127.0.0.1:2")}}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	err := Probe(ctx, hangs, targets, Options{}, func(r Result) {
		if r.ID != "a" || r.Outcome != Refused {
			t.Errorf("found %+v", r)
		}
		cancel(stop) // only possible because the result came while the exec ran
	})
	if !errors.Is(err, stop) || !strings.Contains(err.Error(), "told of 1 of 2 targets") {
		t.Errorf("found %v", err)
	}
	bounded, cancelBounded := wait.WithTimeout(t.Context(), time.Millisecond)
	defer cancelBounded()
	if err := Probe(bounded, hangs, targets, Options{}, func(Result) {}); !errors.Is(err, wait.ErrTimeout) {
		t.Errorf("found %v", err)
	}
}

// TestOldCurl: before 7.75 its output does not tell of errors.
func TestOldCurl(t *testing.T) {
	old := func(_ context.Context, _ []string, stdin io.Reader, stdout, stderr io.Writer) error {
		config, err := io.ReadAll(stdin)
		if err != nil {
			return err
		}
		_, after, _ := strings.Cut(string(config), `write-out = "\n`)
		mark, _, _ := strings.Cut(after, "|")
		fmt.Fprintf(stdout, "\n%[1]s|000|0.000000|0.001|||\n{\"version\": \"v\"}\n%[1]s|200|0,000300|0,001|||\n\n%[1]s|000|0.000100|2.001|||\n", mark)
		fmt.Fprint(stderr, "* connect to 127.0.0.1 port 1 failed: Connection refused\ncurl: unknown --write-out variable: 'exitcode'\n"+
			"curl: (7) Failed to connect to 127.0.0.1 port 1: Connection refused\ncurl: (28) Operation timed out after 2001 milliseconds\n")
		return utilexec.CodeExitError{Code: 28}
	}
	var targets []Target
	for i := range 3 {
		targets = append(targets, Target{fmt.Sprint(i), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(i+1))})
	}
	transfers, err := curl(t.Context(), old, targets, Options{}.withDefaults())
	if err != nil || len(transfers) != 3 {
		t.Fatalf("found %v, %v", transfers, err)
	}
	for i, want := range []Outcome{Refused, Answered, Timeout} {
		if transfers[i].Outcome != want {
			t.Errorf("%d: expected %s, found %+v", i, want, transfers[i])
		}
	}
}

func TestDialOutcome(t *testing.T) {
	for text, want := range map[string]Outcome{
		"Connection refused": Refused, "No route to host": Unreachable, "Network is unreachable": Unreachable,
		"Connection timed out": Timeout, "Permission denied": Unreachable, "": Failed,
	} {
		if got := dialOutcome(text); got != want {
			t.Errorf("%q: expected %s, found %s", text, want, got)
		}
	}
}
