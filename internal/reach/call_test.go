package reach

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// status is what an API server says in its own name.
func status(code int, message string) http.HandlerFunc {
	return answer(code, "application/json", `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"`+message+`"}`)
}

func answer(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body) // the client reports what did not arrive
	}
}

// TestWhatTheAPIServerReaches: of a target whose version is not known, whatever answers counts,
// and the API server's own errors do not.
func TestWhatTheAPIServerReaches(t *testing.T) {
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		outcome probe.Outcome
		reached bool
	}{
		"the examples' service":   {answer(200, "application/json", `{"host":"10.0.0.1:9876","version":"v","from":"10.0.0.9"}`), probe.Answered, true},
		"a page that is not HTML": {answer(404, "text/plain", "404 page not found"), probe.Protocol, true},
		"a page in HTML":          {answer(404, "text/html", "<p>Not found</p>"), probe.Protocol, true},
		"no content type":         {answer(503, "", "overloaded"), probe.Protocol, true},
		"a redirect":              {http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP, probe.Protocol, true},
		"another protocol":        {status(503, `error trying to reach service: net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"mysql\"`), probe.Protocol, true},
		"a connection that ends":  {status(503, "error trying to reach service: EOF"), probe.Reset, true},
		"nothing listens":         {status(503, "error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused"), probe.Refused, false},
		"no way to the pod":       {status(503, "error trying to reach service: dial tcp 10.0.0.1:80: i/o timeout"), probe.Timeout, false},
		"no such pod":             {status(404, `pods \"web\" not found`), probe.Failed, false},
	} {
		server := httptest.NewServer(tc.handler)
		client := server.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		a, denied := proxied(t.Context(), client, server.URL)
		server.Close()
		table := &Table{Rows: []Row{{Expected: Reached, Result: probe.Sample(t.Context(), probe.Options{Samples: 1}, func(context.Context) probe.Attempt { return a })}}}
		if outcome := table.Outcome(table.Rows[0]); denied != "" || a.Outcome != tc.outcome || (outcome == v1alpha1.VantageMet) != tc.reached {
			t.Errorf("%s: expected %s, reached %t, found %+v, %s, denied %q", name, tc.outcome, tc.reached, a, outcome, denied)
		}
	}
}

// TestWhatAnswersOnAConnection: a service that does not speak HTTP is there, too.
func TestWhatAnswersOnAConnection(t *testing.T) {
	for name, tc := range map[string]struct {
		says      string
		outcome   probe.Outcome
		connected bool
	}{
		"a database": {"5.7 mysql", probe.Protocol, true},
		"a service":  {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", probe.Protocol, true},
		"nothing":    {"", probe.Reset, false},
	} {
		near, far := net.Pipe()
		go func() {
			_, _ = far.Read(make([]byte, 1024)) // the request
			_, _ = io.WriteString(far, tc.says)
			_ = far.Close()
		}()
		_ = near.SetDeadline(time.Now().Add(time.Minute)) // a pipe takes any
		var a probe.Attempt
		exchange(&a, near, "localhost")
		if a.Outcome != tc.outcome || a.Connected != tc.connected {
			t.Errorf("%s: expected %s, connected %t, found %+v", name, tc.outcome, tc.connected, a)
		}
	}
}

func TestTheSandboxIsLeftOut(t *testing.T) {
	text := `error forwarding port 80 to pod 5614a, uid : failed to execute portforward in network namespace "/run/netns/cni-990d": failed to connect to localhost:80 inside namespace "5614a", IPv4: dial tcp4 127.0.0.1:80: connect: connection refused`
	want := "error forwarding port 80: failed to execute portforward: failed to connect to localhost:80, IPv4: dial tcp4 127.0.0.1:80: connect: connection refused"
	if found := ofSandbox.ReplaceAllString(text, ""); found != want {
		t.Errorf("expected %q, found %q", want, found)
	}
}
