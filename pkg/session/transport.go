package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// Wrap makes every client of a REST config mark the objects that it creates as
// the run's, and records them for removal. What others have made in the run's
// Namespace it does not let a client change.
func (s *Session) Wrap(cfg *rest.Config) { s.wrap(cfg, false, &s.created) }

// Confine is Wrap for the commands of an example from anybody: they can neither
// leave the run's Namespace nor run anything in what others have made there.
func (s *Session) Confine(cfg *rest.Config) { s.wrap(cfg, true, &s.created) }

func (s *Session) wrap(cfg *rest.Config, confined bool, created ...*ledger) {
	// Typed clients would send protobuf, which cannot be read without knowing
	// the type; kubectl's own requests are JSON already.
	cfg.ContentType, cfg.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &transport{s, next, confined, created} })
}

type transport struct {
	session *Session
	next    http.RoundTripper
	// confined: nothing outside the run's Namespace is asked or changed.
	confined bool
	// created are where what is created is noted.
	created []*ledger
}

func (t *transport) note(o object) {
	for _, l := range t.created {
		l.add(o)
	}
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	at, ok := parseTarget(req.URL)
	if !ok {
		return t.next.RoundTrip(req)
	}
	if t.confined && !t.isInside(at) {
		return refuse(req, at, http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf(
			"%s: it is outside of the run's namespace %q, which an example does not leave unless it is run with --allow-cluster-scope", at, t.session.Namespace))
	}
	changes := req.Method != http.MethodGet && req.Method != http.MethodHead && !at.connects()
	switch {
	case req.Method == http.MethodPost && at.name == "" && req.Body != nil:
		return t.create(req, at)
	case changes, t.confined && at.connects():
		return t.write(req, at)
	default:
		return t.next.RoundTrip(req)
	}
}

// isInside tells whether a request stays in the run's Namespace.
func (t *transport) isInside(at target) bool { return at.namespace == t.session.Namespace }

// isDryRun tells whether a request leaves nothing on the cluster.
func isDryRun(req *http.Request) bool { return req.URL.Query().Has("dryRun") }

// withBody copies a request, with another body.
func withBody(req *http.Request, body []byte) *http.Request {
	dup := req.Clone(req.Context())
	dup.Body = io.NopCloser(bytes.NewReader(body))
	dup.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	dup.ContentLength = int64(len(body))
	return dup
}

// readBody takes the body off a request.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// peek reads the body of a response, which stays readable.
func peek(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// answer makes the response that the API server would have given.
func answer(req *http.Request, code int, body []byte) *http.Response {
	return &http.Response{
		Status: http.StatusText(code), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {runtime.ContentTypeJSON}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}

// refuse makes the response of an API server that refuses for a reason. Who
// upgrades a connection, as an exec does, looks at no response: it gets an error.
func refuse(req *http.Request, at target, code int, reason metav1.StatusReason, message string) (*http.Response, error) {
	status := metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
	}
	if at.connects() {
		return nil, &apierrors.StatusError{ErrStatus: status}
	}
	body, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	return answer(req, code, body), nil
}
