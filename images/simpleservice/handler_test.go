package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// lines is a log that is written by the server and read by the test.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// start serves on a real listener and returns its address and its log.
func start(t *testing.T, bind string, env map[string]string) (string, lines) {
	t.Helper()
	cfg, err := configFrom(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", bind)
	if err != nil {
		t.Fatalf("listen on %s: %v", bind, err)
	}
	out := make(lines, 100)
	server := newServer(cfg, log.New(out, "", 0))
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return listener.Addr().String(), out
}

// answer is what a client sees.
type answer struct {
	status int
	header http.Header
	length int64 // Content-Length
	body   string
}

// exchange writes a request as it is and reads the answer.
func exchange(t *testing.T, addr, request string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
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

func request(method, uri, host string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, uri, host)
}

// The lengths and Etags (SHA-1 of the body) are those that the original's README shows:
// they pin fields, their order, separators and the missing newline.
func TestAnswersAreTheOriginals(t *testing.T) {
	for _, tc := range []struct{ path, version, body, etag string }{
		{"/info", "0.5.0", `{"host": "localhost:9876", "version": "0.5.0", "from": "127.0.0.1"}`, "9d09b0a126f68a0fddfec0f494e56fcab29eac15"},
		{"/health", "0.5.0", `{"healthy": true}`, "b40026a9bea9f5096f4ef55d3d23d6730139ff5e"},
		{"/endpoint0", "0.4.0", `{"host": "localhost:9876", "version": "0.4.0", "result": "all is well"}`, "ce18606c019e1d8c584b796d1fe7402d9767b9b6"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			addr, _ := start(t, "127.0.0.1:0", map[string]string{"SIMPLE_SERVICE_VERSION": tc.version})
			got := exchange(t, addr, request("GET", tc.path+"?nonce=1", "localhost:9876"))
			if got.body != tc.body {
				t.Errorf("body\n got %s\nwant %s", got.body, tc.body)
			}
			if etag, want := got.header.Get("Etag"), `"`+tc.etag+`"`; etag != want {
				t.Errorf("Etag: got %s, want %s", etag, want)
			}
			if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" || got.length != int64(len(tc.body)) {
				t.Errorf("got %d, %v", got.status, got.header)
			}
		})
	}
}

func TestDefaultVersion(t *testing.T) {
	addr, _ := start(t, "127.0.0.1:0", nil)
	if got := exchange(t, addr, request("GET", "/info", "sise")); !strings.Contains(got.body, `"version": "0.5.0"`) {
		t.Errorf("got %s", got.body)
	}
}

func TestWhatItRefuses(t *testing.T) {
	addr, _ := start(t, "127.0.0.1:0", nil)
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
		got := exchange(t, addr, request(tc.method, tc.uri, "h"))
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
	addr, _ := start(t, "127.0.0.1:0", nil)
	if got := exchange(t, addr, "GET /info HTTP/1.0\r\n\r\n"); !strings.Contains(got.body, `"host": "127.0.0.1"`) {
		t.Errorf("got %s", got.body)
	}
}

func TestNotModified(t *testing.T) {
	addr, _ := start(t, "127.0.0.1:0", nil)
	for header, want := range map[string]int{
		`"other", W/"b40026a9bea9f5096f4ef55d3d23d6730139ff5e"`: 304,
		`*`:       304,
		`"other"`: 200,
	} {
		got := exchange(t, addr, "GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIf-None-Match: "+header+"\r\n\r\n")
		if got.status != want {
			t.Errorf("If-None-Match %s: got %d, want %d", header, got.status, want)
		}
		if want == 304 && got.header.Get("Content-Type") != "" {
			t.Errorf("304 has entity headers: %v", got.header)
		}
	}
}

func TestEnvIsWholeAndNotChunked(t *testing.T) {
	t.Setenv("TWIN_TEST", `it's`)
	t.Setenv("TWIN_LONG", strings.Repeat("x", 5000))
	addr, _ := start(t, "127.0.0.1:0", nil)
	got := exchange(t, addr, request("GET", "/env", "h"))
	if !strings.HasPrefix(got.body, `{"version": "0.5.0", "env": "{'`) || !strings.Contains(got.body, `'TWIN_TEST': \"it's\"`) {
		t.Errorf("got %s", got.body)
	}
	if got.length != int64(len(got.body)) {
		t.Errorf("Content-Length %d for %d bytes", got.length, len(got.body))
	}
}

// One socket serves both families, and an IPv4 caller is shown as IPv4.
func TestBothFamilies(t *testing.T) {
	addr, _ := start(t, ":0", nil)
	_, port, _ := net.SplitHostPort(addr)
	callers := []string{"127.0.0.1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		_ = l.Close()
		callers = append(callers, "::1")
	} else {
		t.Logf("no IPv6 on this machine, IPv4 only: %v", err)
	}
	for _, from := range callers {
		if got := exchange(t, net.JoinHostPort(from, port), request("GET", "/info", "h")); !strings.Contains(got.body, `"from": "`+from+`"`) {
			t.Errorf("called from %s: got %s", from, got.body)
		}
	}
}

func TestHealthWaits(t *testing.T) {
	addr, _ := start(t, "127.0.0.1:0", map[string]string{"HEALTH_MIN": "80", "HEALTH_MAX": "120"})
	begin := time.Now()
	if got := exchange(t, addr, request("GET", "/health", "h")); got.body != `{"healthy": true}` {
		t.Errorf("got %s", got.body)
	}
	if took := time.Since(begin); took < 80*time.Millisecond {
		t.Errorf("answered after %s, want at least 80ms", took)
	}
}

func TestLog(t *testing.T) {
	addr, out := start(t, "127.0.0.1:0", nil)
	exchange(t, addr, request("GET", "/info?nonce=abc", "sise:9876"))
	exchange(t, addr, request("GET", "/\xc2\x9b31m", "sise"))
	got := <-out + <-out + <-out
	for _, want := range []string{
		"INFO /info serving from sise:9876 has been invoked from 127.0.0.1\n",
		"INFO 200 GET /info?nonce=abc (127.0.0.1) ",
		`WARNING 404 GET /\u009b31m (127.0.0.1) `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("log has no %q:\n%s", want, got)
		}
	}
}
