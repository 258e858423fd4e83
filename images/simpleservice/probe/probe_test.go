package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const answer = `{"host": "h", "version": "0.5.0", "from": "127.0.0.1"}`

// listener accepts connections on loopback and does with each what handle does. The
// count of those before it comes with it.
func listener(t *testing.T, handle func(conn *net.TCPConn, before int64)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var before atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go handle(conn.(*net.TCPConn), before.Add(1)-1)
		}
	}()
	return "http://" + l.Addr().String() + "/info"
}

// says reads a request, then sends text and closes.
func says(text string) func(*net.TCPConn, int64) {
	return func(conn *net.TCPConn, _ int64) {
		defer func() { _ = conn.Close() }()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, text)
		}
	}
}

func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// readThenReset ends a connection with a RST, when it is sure to stand on both sides.
func readThenReset(conn *net.TCPConn) {
	_, _ = conn.Read(make([]byte, 1))
	reset(conn)
}

// reset ends a connection with a RST.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// silent keeps each connection open and says nothing until the test ends.
func silent(t *testing.T) string {
	t.Helper()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	return listener(t, func(conn *net.TCPConn, _ int64) {
		<-end
		_ = conn.Close()
	})
}

// closedPort is a port on loopback that nothing listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String() + "/info"
}

// probing runs a request and returns the results by their ID.
func probing(t *testing.T, r Request) map[string]Result {
	t.Helper()
	in, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Run(t.Context(), strings.NewReader(string(in)), &out); err != nil {
		t.Fatal(err)
	}
	results := map[string]Result{}
	for line := range strings.Lines(out.String()) {
		var result Result
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		results[result.ID] = result
	}
	if len(results) != len(r.Targets) {
		t.Fatalf("expected %d results, found %v", len(r.Targets), results)
	}
	return results
}

func TestOutcomes(t *testing.T) {
	for name, tc := range map[string]struct {
		url       string
		outcome   Outcome
		connected bool
		text      string // in the error
	}{
		"answers":             {listener(t, says(ok(answer))), Answered, true, ""},
		"nothing listens":     {closedPort(t), Refused, false, "connection refused"},
		"accepts, is silent":  {silent(t), Timeout, true, "i/o timeout"},
		"resets":              {listener(t, func(c *net.TCPConn, _ int64) { readThenReset(c) }), Reset, true, ""},
		"closes":              {listener(t, says("")), Reset, true, "EOF"},
		"ends in the body":    {listener(t, says("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")), Reset, true, "unexpected EOF"},
		"speaks SSH":          {listener(t, says("SSH-2.0-OpenSSH\r\n")), Protocol, true, "malformed HTTP"},
		"another service":     {listener(t, says(ok("<html>hello</html>"))), Protocol, true, "found status 200"},
		"another JSON":        {listener(t, says(ok(`{"a": 1}`))), Protocol, true, "found status 200"},
		"another status":      {listener(t, says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), Protocol, true, "found status 404"},
		"endless header":      {listener(t, says("HTTP/1.1 200 OK\r\nA: "+strings.Repeat("x", 1<<20))), Reset, true, ""},
		"a body without end":  {listener(t, says("HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 1<<20))), Protocol, true, "found status 200"},
		"redirects elsewhere": {listener(t, says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")), Protocol, true, "found status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := probing(t, Request{Targets: []Target{{ID: name, URL: tc.url}}, TimeoutMS: 200, Samples: 2})[name]
			if got.Outcome != tc.outcome || got.Connected != tc.connected || !strings.Contains(got.Error, tc.text) {
				t.Errorf("expected %s and %q, found %+v", tc.outcome, tc.text, got)
			}
			if len(got.Body) > maxBody {
				t.Errorf("a body of %d bytes", len(got.Body))
			}
			if tc.outcome == Answered && (got.Answered != 2 || got.Failed != 0 || got.Body != answer || got.Status != 200 || got.Settled == 0 ||
				got.Total.P50 == 0 || got.Total.P99 < got.Total.P50 || got.Connect.P50 == 0 || got.Connect.P99 > got.Total.P99) {
				t.Errorf("found %+v", got)
			}
			if tc.outcome != Answered && (got.Answered != 0 || got.Failed != 1 || got.Error == "") {
				t.Errorf("expected one failed sample, found %+v", got)
			}
		})
	}
}

// What loopback cannot show is told by the errors of the kernel.
func TestOutcomeOfErrors(t *testing.T) {
	for want, errs := range map[Outcome][]error{
		Refused:     {syscall.ECONNREFUSED},
		Timeout:     {syscall.ETIMEDOUT, os.ErrDeadlineExceeded, context.DeadlineExceeded},
		Unreachable: {syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EACCES, syscall.EADDRNOTAVAIL},
		Reset:       {syscall.ECONNRESET, syscall.EPIPE},
		Failed:      {syscall.EMFILE, io.EOF},
	} {
		for _, err := range errs {
			if got := outcomeOf(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", err)}, false); got != want {
				t.Errorf("%v: expected %s, found %s", err, want, got)
			}
		}
	}
}

func TestAFullBacklogIsATimeoutOfTheDial(t *testing.T) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(socket) }()
	if err := errors.Join(syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(socket, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	// Fill the queue of connections that wait to be accepted, until the kernel drops.
	for {
		conn, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err != nil {
			break
		}
		defer func() { _ = conn.Close() }()
	}
	got := probing(t, Request{Targets: []Target{{ID: "full", URL: "http://" + address + "/info"}}, TimeoutMS: 100})["full"]
	if got.Outcome != Timeout || got.Connected {
		t.Errorf("expected that the dial times out, found %+v", got)
	}
}

func TestATargetMaySettle(t *testing.T) {
	late := listener(t, func(conn *net.TCPConn, before int64) {
		if before < 2 {
			reset(conn)
			return
		}
		says(ok(answer))(conn, before)
	})
	r := Request{Targets: []Target{{ID: "late", URL: late}}, Samples: 3, SettleMS: 30_000}
	if got := probing(t, r)["late"]; got.Outcome != Answered || got.Answered != 3 || got.Failed != 0 || got.Settled < 3*firstPause || got.Error != "" {
		t.Errorf("expected three answers after two pauses, found %+v", got)
	}
	r = Request{Targets: []Target{{ID: "never", URL: closedPort(t)}}, SettleMS: 50}
	if got := probing(t, r)["never"]; got.Outcome != Refused || got.Failed < 2 || got.Settled != 0 {
		t.Errorf("expected that it is asked again, then refused, found %+v", got)
	}
}

func TestSamplesThatFailOrDifferAreTold(t *testing.T) {
	stale := strings.Replace(answer, "0.5.0", "stale", 1)
	flaky := listener(t, func(conn *net.TCPConn, before int64) {
		switch before {
		case 1:
			reset(conn)
		case 2:
			says(ok(stale))(conn, before)
		default:
			says(ok(answer))(conn, before)
		}
	})
	got := probing(t, Request{Targets: []Target{{ID: "flaky", URL: flaky}}, Samples: 4})["flaky"]
	if got.Outcome != Answered || got.Answered != 3 || got.Failed != 1 || got.Error == "" || got.Body != answer || got.Other != stale {
		t.Errorf("found %+v", got)
	}
}

func TestParallelIsABound(t *testing.T) {
	var now, most atomic.Int64
	both := make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		if most.Load() >= 2 {
			once.Do(func() { close(both) })
		}
		<-both // the first waits for a second one: they do run side by side
		now.Add(-1)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	r := Request{Parallel: 2, TimeoutMS: 10_000}
	for i := range 500 {
		r.Targets = append(r.Targets, Target{ID: fmt.Sprint(i), URL: server.URL + "/info"})
	}
	for id, got := range probing(t, r) {
		if got.Outcome != Answered {
			t.Errorf("%s: found %+v", id, got)
		}
	}
	if most.Load() != 2 {
		t.Errorf("expected 2 at a time, found %d", most.Load())
	}
}

func TestResultsStream(t *testing.T) {
	release := make(chan struct{})
	held := listener(t, func(conn *net.TCPConn, before int64) {
		<-release
		says(ok(answer))(conn, before)
	})
	in := fmt.Sprintf(`{"targets":[{"id":"held","url":%q},{"id":"quick","url":%q}],"timeoutMs":30000}`, held, listener(t, says(ok(answer))))
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := Run(t.Context(), strings.NewReader(in), write)
		_ = write.Close()
		done <- err
	}()
	lines := bufio.NewScanner(read)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"id":"quick"`) {
		t.Errorf("expected the quick one first, found %s", lines.Text())
	}
	close(release)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"id":"held"`) {
		t.Errorf("expected the other one, found %s", lines.Text())
	}
	if err := <-done; err != nil || lines.Scan() {
		t.Errorf("expected the end, found %v, %s", err, lines.Text())
	}
}

func TestTheRequestMayHaveNoEnd(t *testing.T) {
	in, request := io.Pipe()
	go func() {
		_, _ = fmt.Fprintf(request, `{"targets":[{"id":"a","url":%q}]}`, closedPort(t))
	}()
	var out strings.Builder
	if err := Run(t.Context(), in, &out); err != nil || !strings.Contains(out.String(), "refused") {
		t.Errorf("found %q, %v", out.String(), err)
	}
}

func TestItEndsWhenNobodyListens(t *testing.T) {
	r := Request{Parallel: 1, SettleMS: maxMillis}
	quick := listener(t, says(ok(answer)))
	for i := range 1000 {
		r.Targets = append(r.Targets, Target{ID: fmt.Sprint(i), URL: quick})
	}
	// The second one would be retried for ten minutes.
	r.Targets[1].URL = closedPort(t)
	in, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	read, write := io.Pipe()
	_ = read.Close()
	if err := Run(t.Context(), strings.NewReader(string(in)), write); !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ErrRequest) {
		t.Errorf("expected that the pipe is closed, found %v", err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	target := `{"targets":[{"id":"a","url":"http://127.0.0.1:1/"}]`
	for in, want := range map[string]string{
		"":                                "found nothing",
		"hello":                           "invalid character 'h'",
		"[]":                              "cannot unmarshal array",
		target:                            "unexpected EOF",
		`{}`:                              "targets: expected 1 to 50000, found 0",
		target + `,"sample":1}`:           `unknown field "sample"`,
		target + `,"samples":-1}`:         "samples: expected 1 to 1000, found -1",
		target + `,"samples":1001}`:       "samples: expected 1 to 1000, found 1001",
		target + `,"settleMs":-1}`:        "settleMs: expected 0 to 600000, found -1",
		target + `,"timeoutMs":9000000}`:  "timeoutMs: expected 1 to 600000, found 9000000",
		target + `,"parallel":2000}`:      "parallel: expected 1 to 1024, found 2000",
		strings.Repeat(" ", maxRequest+9): "expected at most 16 MiB, found more",
		`{"targets":[{"id":"` + strings.Repeat("x", maxRequest): "expected at most 16 MiB, found more",
	} {
		err := Run(t.Context(), strings.NewReader(in), io.Discard)
		if !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: expected %q, found %v", in, want, err)
		}
	}
	for _, url := range []string{"", "127.0.0.1:80", "http://localhost:80/", "http://127.0.0.1/", "https://127.0.0.1:80/", "http://127.0.0.1:0/", "http://u@127.0.0.1:80/", "http://::1:80/"} {
		in := fmt.Sprintf(`{"targets":[{"id":"a","url":%q}]}`, url)
		if err := Run(t.Context(), strings.NewReader(in), io.Discard); !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), `target 1, "a": url: expected http://ADDRESS:PORT/PATH`) {
			t.Errorf("%q: found %v", url, err)
		}
	}
}
