package kubectl

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

// apiServer knows one Pod, p with the container c, and serves what a test is about.
func apiServer(t *testing.T, path string, serve http.Handler) *Kubectl {
	t.Helper()
	json := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, text)
		}
	}
	mux := http.NewServeMux()
	mux.Handle(path, serve)
	mux.Handle("/api/v1/namespaces/n/pods/p", json(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n"},"spec":{"containers":[{"name":"c"}]},"status":{"phase":"Running"}}`))
	mux.Handle("/api", json(`{"kind":"APIVersions","versions":["v1"]}`))
	mux.Handle("/apis", json(`{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`))
	mux.Handle("/api/v1", json(`{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","namespaced":true,"kind":"Pod","verbs":["get","list","watch"]}]}`))
	server := httptest.NewServer(mux)
	t.Cleanup(server.CloseClientConnections) // a command that was left behind may still read
	return at(t, server.URL)
}

// yes writes without end, as fast as it is read, until it may not.
func yes(w io.Writer, text []byte) {
	for {
		if _, err := w.Write(text); err != nil {
			return
		}
	}
}

// TestACommandCannotFloodMemory lets commands print without end, as `yes` does: each
// is ended, and what is kept of it is little.
func TestACommandCannotFloodMemory(t *testing.T) {
	block := []byte(strings.Repeat("y\n", 16<<10))
	stdoutOf := append([]byte{1}, block...) // channel 1 of the protocol of exec
	stream := websocket.Server{
		Handshake: func(cfg *websocket.Config, _ *http.Request) error {
			cfg.Protocol = []string{"v5.channel.k8s.io"}
			return nil
		},
		Handler: func(conn *websocket.Conn) {
			conn.PayloadType = websocket.BinaryFrame
			yes(conn, stdoutOf)
		},
	}
	endless := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			yes(w, []byte(text))
		})
	}
	for name, tc := range map[string]struct {
		path  string
		serve http.Handler
		args  string
	}{
		"exec":               {"/api/v1/namespaces/n/pods/p/exec", stream, "exec p -- yes"},
		"attach":             {"/api/v1/namespaces/n/pods/p/attach", stream, "attach p"},
		"logs":               {"/api/v1/namespaces/n/pods/p/log", endless(string(block)), "logs -f p"},
		"a line without end": {"/api/v1/namespaces/n/pods/p/log", endless(strings.Repeat("y", 32<<10)), "logs -f p"},
		"a list without end": {"/api/v1/namespaces/n/pods", endless(strings.Repeat(" ", 32<<10)), "get pods"},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			res, err := apiServer(t, tc.path, tc.serve).Run(t.Context(), strings.Fields(tc.args)...)
			if !errors.Is(err, errFlood) && !strings.Contains(res.Stderr, "stopped after printing more than 32 MiB") {
				t.Errorf("expected the error of a flood, found exit code %d, %q, %v", res.ExitCode, res.Stderr, err)
			}
			if len(res.Stdout) > MaxOutput {
				t.Errorf("expected at most %d bytes, found %d", MaxOutput, len(res.Stdout))
			}
			var mem runtime.MemStats
			if runtime.ReadMemStats(&mem); mem.HeapSys > 1<<30 {
				t.Errorf("expected less than 1 GiB of memory in use, found %d MiB", mem.HeapSys>>20)
			}
			t.Logf("ended after %s", time.Since(begin).Round(time.Millisecond))
		})
	}
}

// TestAnOutputThatIsTooLongIsCut keeps its begin and counts what is beyond.
func TestAnOutputThatIsTooLongIsCut(t *testing.T) {
	const length = MaxOutput + 12345
	log := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x\n", length/2), "y") })
	res, err := apiServer(t, "/api/v1/namespaces/n/pods/p/log", log).Run(t.Context(), "logs", "p")
	if err != nil || res.ExitCode != 0 || len(res.Stdout) != MaxOutput || res.StdoutCut != 12345 || res.StderrCut != 0 {
		t.Errorf("expected %d bytes and 12345 more, found %d and %d, exit code %d, %v", MaxOutput, len(res.Stdout), res.StdoutCut, res.ExitCode, err)
	}
}
