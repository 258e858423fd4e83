package session

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// script answers requests one after the other: with a status, or an error; the last one again
// and again.
type script struct {
	answers []any
	sent    int
	header  http.Header
}

// said is an answer with a text.
type said struct {
	code int
	text string
}

// cutOff is the status of an answer that breaks off.
type cutOff int

// passedOn is the status of what a pod answers through the API server's proxy.
type passedOn int

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	next := s.answers[min(s.sent, len(s.answers)-1)]
	s.sent++
	switch next := next.(type) {
	case error:
		return nil, next
	case said:
		return &http.Response{StatusCode: next.code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(next.text)), Request: req}, nil
	case cutOff:
		return &http.Response{StatusCode: int(next), Header: http.Header{}, Body: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), Request: req}, nil
	case passedOn:
		return &http.Response{StatusCode: int(next), Header: http.Header{"Audit-Id": {"1"}}, Body: http.NoBody, Request: req}, nil
	default:
		header := s.header.Clone()
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{StatusCode: next.(int), Header: header, Body: io.NopCloser(strings.NewReader("{}")), Request: req}, nil
	}
}

var (
	errBroken  = errors.New("unexpected EOF")
	errRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
)

const aPod = "https://host/api/v1/namespaces/n/pods/p"

func TestWhatIsSentAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		method, url, kind string
		answers           []any
		want              any // the status, or the error
		sent              int
	}{
		"a read, when the connection breaks":            {"GET", aPod, "", []any{errBroken, 200}, 200, 2},
		"a read that fails":                             {"GET", aPod, "", []any{500, 503, 200}, 200, 3},
		"any request that is turned away":               {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{429, 201}, 201, 2},
		"an eviction that is not granted":               {"POST", aPod + "/eviction", "", []any{429, 201}, 429, 1},
		"a create that was never sent":                  {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{errRefused, 201}, 201, 2},
		"a create of unknown outcome":                   {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{errBroken, 201}, errBroken, 1},
		"a create that fails":                           {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{503, 201}, 503, 1},
		"a create whose answer breaks off":              {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{cutOff(201), 201}, io.ErrUnexpectedEOF, 1},
		"a merge whose answer breaks off":               {"PATCH", aPod, "application/merge-patch+json", []any{cutOff(200), 200}, 200, 2},
		"a question":                                    {"POST", "https://host/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "", []any{errBroken, 500, 201}, 201, 3},
		"a dry run":                                     {"POST", "https://host/api/v1/namespaces/n/pods?dryRun=All", "", []any{503, 201}, 201, 2},
		"what a webhook leaves open":                    {"POST", "https://host/api/v1/namespaces/n/pods?dryRun=All", "", []any{said{500, `{"message": "failed calling webhook \"x\""}`}, 201}, 500, 1},
		"a create while others write the quota":         {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{said{409, `Operation cannot be fulfilled on resourcequotas "gke-resource-quotas": the object has been modified`}, 201}, 201, 2},
		"a create before the quota is counted":          {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{said{403, `pods "p" is forbidden: status unknown for quota: q, resources: pods`}, 201}, 201, 2},
		"a create of what is there":                     {"POST", "https://host/api/v1/namespaces/n/pods", "", []any{said{409, `pods "p" already exists`}, 201}, 409, 1},
		"a delete whose answer was lost":                {"DELETE", aPod, "", []any{errBroken, 404}, 200, 2},
		"a delete of what is not there":                 {"DELETE", aPod, "", []any{404}, 404, 1},
		"a merge":                                       {"PATCH", aPod, "application/merge-patch+json", []any{errBroken, 200}, 200, 2},
		"a patch that adds":                             {"PATCH", aPod, "application/json-patch+json", []any{errBroken, 200}, errBroken, 1},
		"an update":                                     {"PUT", aPod, "", []any{errBroken, 200}, errBroken, 1},
		"what a pod answers through the API server":     {"GET", aPod + "/proxy/x", "", []any{passedOn(500), 200}, 500, 1},
		"a pod's turning away":                          {"GET", aPod + "/proxy/x", "", []any{passedOn(429), 200}, 429, 1},
		"a failure before the API server's proxy":       {"GET", aPod + "/proxy/x", "", []any{503, 500, passedOn(200)}, 200, 3},
		"a read of a pod's, when the connection breaks": {"GET", aPod + "/proxy/x", "", []any{errBroken, 200}, 200, 2},
		"what a pod is asked to do":                     {"DELETE", aPod + "/proxy/x", "", []any{errBroken, 200}, errBroken, 1},
		"a read of what is not there":                   {"GET", aPod, "", []any{404}, 404, 1},
		"a read, as long as the API server may restart": {"GET", aPod, "", []any{errRefused}, errRefused, 63},
		"a read that goes on failing":                   {"GET", aPod, "", []any{502}, 502, 13},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &script{answers: tc.answers}
				r := &Retrier{}
				r.alive()
				req, err := http.NewRequestWithContext(t.Context(), tc.method, tc.url, strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", tc.kind)
				var found any
				resp, err := (&retrying{r, server}).RoundTrip(req)
				if found = err; err == nil {
					found = resp.StatusCode
					resp.Body.Close()
				}
				if found != tc.want || server.sent != tc.sent {
					t.Errorf("expected %v after %d attempts, found %v after %d", tc.want, tc.sent, found, server.sent)
				}
			})
		})
	}
}

func TestAnAPIServerThatNeverAnsweredIsNotWaitedFor(t *testing.T) {
	server := &script{answers: []any{errRefused}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, aPod, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&retrying{&Retrier{}, server}).RoundTrip(req); !errors.Is(err, syscall.ECONNREFUSED) || server.sent != 1 { //nolint:bodyclose // there is none
		t.Errorf("expected the error of one attempt, found %v after %d", err, server.sent)
	}
}

func TestDelaysAreReported(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []any
		header  http.Header
		want    string
	}{
		"a moment is not worth a word": {[]any{errBroken, 200}, nil, ""},
		"a restart": {[]any{errRefused, errRefused, errRefused, errRefused, 200}, nil,
			"[Lost the connection to the API server (dial: connection refused): reconnecting. Reconnected to the API server after 2.4 s.]"},
		"a busy API server":                     {[]any{429, 200}, nil, "[The API server rejects requests (429): throttled, retrying in 1 s.]"},
		"a busy API server that says how long":  {[]any{429, 429, 200}, http.Header{"Retry-After": {"3"}}, "[The API server rejects requests (429): throttled, retrying in 3 s.]"},
		"an API server that is busy for longer": {[]any{429, 429, 429, 200}, http.Header{"Retry-After": {"5"}}, "[" + strings.TrimSuffix(strings.Repeat("The API server rejects requests (429): throttled, retrying in 5 s. ", 3), " ") + "]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &Retrier{}
				r.alive()
				var delays []string
				defer r.OnDelay(func(delay string) { delays = append(delays, delay) })()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, aPod, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := (&retrying{r, &script{answers: tc.answers, header: tc.header}}).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if found := fmt.Sprint(delays); found != tc.want && (tc.want != "" || len(delays) > 0) {
					t.Errorf("expected %s, found %s", tc.want, found)
				}
			})
		})
	}
}

// TestAnOutageIsOneForAllRequests: when it has lasted, no request waits any more.
func TestAnOutageIsOneForAllRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Retrier{}
		r.alive()
		var took []time.Duration
		for range 2 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, aPod, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			if _, err := (&retrying{r, &script{answers: []any{errRefused}}}).RoundTrip(req); err == nil { //nolint:bodyclose // there is none
				t.Error("expected an error")
			}
			took = append(took, time.Since(begin))
		}
		if took[0] < outage || took[0] > outage+slowest || took[1] != 0 {
			t.Errorf("expected that the first waits for %s, and the second not at all; found %v", outage, took)
		}
	})
}
