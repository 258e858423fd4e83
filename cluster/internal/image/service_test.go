package image

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// service is the program itself, run by this machine's python3.
type service struct {
	*exec.Cmd
	port  string
	lines chan string // of its log; closed at its end
}

// start runs the program; variables are NAME=VALUE.
func start(t *testing.T, variables ...string) service {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("the service is a Python program: install the package python3: %v", err)
	}
	s := service{exec.Command(python, "programs/simpleservice/simpleservice.py"), freePort(t), make(chan string, 1000)}
	s.Env = append([]string{"PORT0=" + s.port, "LISTEN_AFTER=0"}, variables...)
	stderr, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.lines)
		for scan := bufio.NewScanner(stderr); scan.Scan(); {
			s.lines <- scan.Text()
		}
	}()
	t.Cleanup(func() {
		_ = s.Process.Kill()
		_ = s.Wait()
	})
	return s
}

// serve starts the program and waits until it says that it listens.
func serve(t *testing.T, variables ...string) service {
	t.Helper()
	s := start(t, variables...)
	if line := <-s.lines; !strings.Contains(line, "listening on port "+s.port) {
		t.Fatalf("expected that it listens, found %q", line)
	}
	return s
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

// answer is what a client sees.
type answer struct {
	status int
	header http.Header
	length int64 // Content-Length
	body   string
}

// exchange writes a request as it is and reads the answer.
func (s service) exchange(t *testing.T, request string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return answer{resp.StatusCode, resp.Header, resp.ContentLength, string(body)}
}

func (s service) get(t *testing.T, uri, host string) answer {
	t.Helper()
	return s.exchange(t, request("GET", uri, host))
}

func request(method, uri, host string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, uri, host)
}

// The lengths and Etags (SHA-1 of the body) are those that the original's README shows:
// they pin fields, their order, separators and the missing newline.
func TestAnswersAreTheOriginals(t *testing.T) {
	services := map[string]service{"0.5.0": serve(t), "0.4.0": serve(t, "SIMPLE_SERVICE_VERSION=0.4.0")}
	for _, tc := range []struct{ path, version, body, etag string }{
		{"/info", "0.5.0", `{"host": "localhost:9876", "version": "0.5.0", "from": "127.0.0.1"}`, "9d09b0a126f68a0fddfec0f494e56fcab29eac15"},
		{"/health", "0.5.0", `{"healthy": true}`, "b40026a9bea9f5096f4ef55d3d23d6730139ff5e"},
		{"/endpoint0", "0.4.0", `{"host": "localhost:9876", "version": "0.4.0", "result": "all is well"}`, "ce18606c019e1d8c584b796d1fe7402d9767b9b6"},
	} {
		got := services[tc.version].get(t, tc.path+"?nonce=1", "localhost:9876")
		if got.body != tc.body {
			t.Errorf("%s: body\n got %s\nwant %s", tc.path, got.body, tc.body)
		}
		if etag, want := got.header.Get("Etag"), `"`+tc.etag+`"`; etag != want {
			t.Errorf("%s: Etag: got %s, want %s", tc.path, etag, want)
		}
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" || got.length != int64(len(tc.body)) {
			t.Errorf("%s: got %d, %v", tc.path, got.status, got.header)
		}
		if date, err := http.ParseTime(got.header.Get("Date")); got.header.Get("Server") != "TornadoServer/4.3" || err != nil || time.Since(date) > time.Minute {
			t.Errorf("%s: got %v", tc.path, got.header)
		}
	}
}

// Values are written as Python 2.7 and Tornado do.
func TestStringsAreTheOriginals(t *testing.T) {
	s := serve(t, "SIMPLE_SERVICE_VERSION=a\"b\\c\n\r\t\f\b\x01\x7fä€😀</x>")
	want := `"version": "a\"b\\c\n\r\t\f\b\u0001\u007f\u00e4\u20ac\ud83d\ude00<\/x>"`
	if got := s.get(t, "/info", "h"); !strings.Contains(got.body, want) {
		t.Errorf("got %s, want %s", got.body, want)
	}
}

func TestWhatItRefuses(t *testing.T) {
	s := serve(t)
	for _, tc := range []struct {
		method, uri string
		status      int
	}{
		{"GET", "/", 404},
		{"GET", "/info/", 404},
		{"GET", "//info", 404},
		{"GET", "/x/../info", 404},
		{"GET", "/inf%6F", 404},
		{"GET", "/Info", 404},
		{"POST", "/nothing", 404},
		{"OPTIONS", "*", 404},
		{"HEAD", "/info", 405},
		{"POST", "/info", 405},
		{"DELETE", "/env", 405},
		{"OPTIONS", "/health", 405},
		{"TRACE", "/nothing", 405},
		{"BREW", "/nothing", 405},
	} {
		got := s.exchange(t, request(tc.method, tc.uri, "h"))
		text := fmt.Sprintf("%d: %s", tc.status, http.StatusText(tc.status))
		want := "<html><title>" + text + "</title><body>" + text + "</body></html>"
		if got.length != int64(len(want)) {
			t.Errorf("%s %s: Content-Length %d, want %d", tc.method, tc.uri, got.length, len(want))
		}
		if tc.method == "HEAD" {
			want = ""
		}
		if got.status != tc.status || got.body != want || got.header.Get("Content-Type") != "text/html; charset=UTF-8" {
			t.Errorf("%s %s: got %d, %v, %q; want %d, %q", tc.method, tc.uri, got.status, got.header, got.body, tc.status, want)
		}
	}
}

func TestHTTP10WithoutHost(t *testing.T) {
	if got := serve(t).exchange(t, "GET /info HTTP/1.0\r\n\r\n"); !strings.Contains(got.body, `"host": "127.0.0.1"`) {
		t.Errorf("got %s", got.body)
	}
}

func TestNotModified(t *testing.T) {
	s := serve(t)
	for header, want := range map[string]int{
		`"other", W/"b40026a9bea9f5096f4ef55d3d23d6730139ff5e"`: 304,
		`*`:       304,
		`"other"`: 200,
	} {
		got := s.exchange(t, "GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIf-None-Match: "+header+"\r\n\r\n")
		if got.status != want {
			t.Errorf("If-None-Match %s: got %d, want %d", header, got.status, want)
		}
		if want == 304 && got.header.Get("Content-Type") != "" {
			t.Errorf("304 has entity headers: %v", got.header)
		}
	}
}

// The environment is shown as Python 2.7 prints a dict of strings, here sorted.
func TestEnv(t *testing.T) {
	s := serve(t, "IT=it's", `BOTH=it's "q"`, "BYTES=\tä\\ \"d\"", "EMPTY=", "EQUALS=2=3", "LONG="+strings.Repeat("x", 5000))
	got := s.get(t, "/env", "h")
	for _, want := range []string{
		`{"version": "0.5.0", "env": "{'BOTH': 'it\\'s \"q\"', 'BYTES': '\\t\\xc3\\xa4\\\\ \"d\"', 'EMPTY': '', 'EQUALS': '2=3', 'IT': \"it's\", `,
		`xxx'`,
		`'PORT0': '` + s.port + `'`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("got %s, want %s", got.body, want)
		}
	}
	if got.length != int64(len(got.body)) {
		t.Errorf("Content-Length %d for %d bytes", got.length, len(got.body))
	}
}

// HEALTH_MIN and HEALTH_MAX are compared as texts, and all other answers wait, too.
func TestHealthWaits(t *testing.T) {
	s := serve(t, "HEALTH_MIN=300", "HEALTH_MAX=320")
	begin := time.Now()
	waiting := make(chan answer)
	go func() { waiting <- s.get(t, "/health", "h") }()
	if line := <-s.lines; !strings.Contains(line, "/health serving") {
		t.Errorf("log: got %q", line)
	}
	s.get(t, "/info", "h")
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("answered while it served /health: after %s, want at least 300ms", took)
	}
	if got := <-waiting; got.body != `{"healthy": true}` {
		t.Errorf("got %s", got.body)
	}
	for variables, want := range map[string]int{"HEALTH_MIN=500 HEALTH_MAX=1000": 200, "HEALTH_MIN=2000 HEALTH_MAX=300": 404, "HEALTH_MAX=x": 404} {
		begin := time.Now()
		if got := serve(t, strings.Fields(variables)...).get(t, "/health", "h"); got.status != want || time.Since(begin) > 10*time.Second {
			t.Errorf("%s: got %d after %s, want %d", variables, got.status, time.Since(begin), want)
		}
	}
}

func TestLog(t *testing.T) {
	s := start(t)
	first := <-s.lines
	s.get(t, "/info?nonce=abc", "sise:9876")
	s.get(t, "/\x1b[31m\xc2\x9b31m", "sise")
	got := strings.Join([]string{first, <-s.lines, <-s.lines, <-s.lines}, "\n")
	for _, want := range []string{
		" INFO This is simple service in version v0.5.0 listening on port " + s.port + " [at line 142]\n",
		" INFO /info serving from sise:9876 has been invoked from 127.0.0.1 [at line 101]\n",
		" INFO 200 GET /info?nonce=abc (127.0.0.1) ",
		` WARNING 404 GET /\x1b[31m\xc2\x9b31m (127.0.0.1) `,
		"ms [at line 1946]",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("log has no %q:\n%s", want, got)
		}
	}
}

func TestListensOnIPv4Alone(t *testing.T) {
	s := serve(t, "BIND=127.0.0.1") // which it does not know
	if got := s.get(t, "/info", "h"); got.status != 200 {
		t.Errorf("got %d", got.status)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", s.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var port int
	_, _ = fmt.Sscan(s.port, &port)
	if want := fmt.Sprintf(" 00000000:%04X 00000000:0000 0A ", port); !strings.Contains(string(text), want) {
		t.Errorf("expected that it listens on 0.0.0.0, as in %q; found\n%s", want, text)
	}
	if conn, err := net.Dial("tcp", "[::1]:"+s.port); err == nil {
		_ = conn.Close()
		t.Error("it listens on IPv6")
	}
}

func TestListensLate(t *testing.T) {
	begin := time.Now()
	s := start(t, "LISTEN_AFTER=0.7")
	if line := <-s.lines; !strings.Contains(line, "listening") || time.Since(begin) < 700*time.Millisecond {
		t.Errorf("after %s: %q", time.Since(begin), line)
	}
	s = start(t, fmt.Sprintf("LISTEN_AFTER=%.0f", Never.Seconds()))
	select {
	case line, alive := <-s.lines:
		t.Errorf("one that never listens: runs %t, and logged %q", alive, line)
	case <-time.After(700 * time.Millisecond):
	}
}

func TestPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	s := start(t, "PORT0="+port)
	var last string
	for line := range s.lines {
		last = line
	}
	if err := s.Wait(); s.ProcessState.ExitCode() != 1 || !strings.Contains(last, "[Errno 98] Address already in use") {
		t.Errorf("%v; its last line: %q", err, last)
	}
}

// It has no handler for SIGTERM: the kernel ends it, unless it is PID 1.
func TestHasNoHandlerForSIGTERM(t *testing.T) {
	s := serve(t)
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = s.Wait()
	if status, ok := s.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("expected that the signal ended it, found %v", s.ProcessState)
	}
}

func TestVariantIsRefused(t *testing.T) {
	const ref = "docker.io/mhausenblas/simpleservice:0.4.0"
	late := -time.Second
	for says, bad := range map[string]Variant{
		"REGISTRY/NAME:TAG, as in":                        {Ref: "simpleservice"},
		`"docker.io/mhausenblas/simpleservice": expected`: {Ref: "docker.io/mhausenblas/simpleservice"},
		"docker.io/UPPER/x:1":                             {Ref: "docker.io/UPPER/x:1"},
		"version":                                         {Ref: ref, Version: " "},
		"time to listen":                                  {Ref: ref, ListenAfter: &late},
		`architecture "sparc"`:                            {Ref: ref, Arch: "sparc"},
		`architecture "riscv64"`:                          {Ref: ref, ProgramArch: "riscv64"},
	} {
		if _, err := BuildVariant(t.Context(), t.TempDir(), bad, quiet); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: expected an error that says %q, found %v", bad, says, err)
		}
	}
}
