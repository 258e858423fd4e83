package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// Wrap makes every client of a REST config mark the objects that it creates as
// the run's, and records them for removal. What others have made in the run's
// Namespace it does not let a client change. Those of a run that is Confined get nothing else.
func (s *Session) Wrap(cfg *rest.Config) { s.wrap(cfg, s.opts.Confined, &s.created) }

func (s *Session) wrap(cfg *rest.Config, confined bool, created ...*ledger) {
	// Typed clients would send protobuf, which cannot be read without knowing
	// the type; kubectl's own requests are JSON already.
	cfg.ContentType, cfg.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	prefix := ""
	if host, err := url.Parse(cfg.Host); err == nil {
		prefix = strings.TrimSuffix(host.Path, "/")
	}
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &transport{s, next, confined, prefix, created} })
}

type transport struct {
	session *Session
	next    http.RoundTripper
	// confined: nothing is requested but what is granted, in the run's Namespace.
	confined bool
	// prefix is the path of the API server's address, or "".
	prefix string
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
	if t.confined {
		var why string
		if at, why = t.session.permits(req.Method, req.URL, strings.TrimPrefix(req.URL.Path, t.prefix)); why != "" {
			return reject(req, at, forbidden(why))
		}
		ok = at != target{}
	}
	changes := req.Method != http.MethodGet && req.Method != http.MethodHead && !at.connects()
	switch {
	case !ok:
		return t.next.RoundTrip(req)
	case req.Method == http.MethodPost && at.name == "" && req.Body != nil:
		return t.create(req, at)
	case changes, t.confined && at.connects():
		return t.write(req, at)
	default:
		return t.read(req, at)
	}
}

// read lets a read pass, and notes whose the object is. In a Namespace of others an
// example reads no Secrets but its own.
func (t *transport) read(req *http.Request, at target) (*http.Response, error) {
	s := t.session
	if t.confined && at.resource == secrets && !s.Owned {
		if _, err := s.ofRun(req.Context(), at); err != nil {
			return reject(req, at, err)
		}
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil || !t.confined || at.name == "" || at.subresource != "" || resp.StatusCode != http.StatusOK || isStream(req.URL) {
		return resp, err
	}
	body, err := peek(resp)
	if err == nil {
		s.noteSeen(at, body)
	}
	return resp, err
}

// isDryRun reports whether a request leaves nothing on the cluster, as the API server
// sees it. Not so for a DELETE: its body decides.
func isDryRun(req *http.Request) bool {
	return req.Method != http.MethodDelete && req.URL.Query().Has("dryRun")
}

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

// refusal is the error of an API server that refuses a request for a reason.
func refusal(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
}

func forbidden(message string) error {
	return refusal(http.StatusForbidden, metav1.StatusReasonForbidden, message)
}

// reject answers a request with an error of the API server. A client that upgrades
// a connection, as an exec does, looks at no response: it gets the error itself.
func reject(req *http.Request, at target, err error) (*http.Response, error) {
	status := apierrors.APIStatus(nil)
	if at.connects() || !errors.As(err, &status) {
		return nil, err
	}
	of := status.Status()
	of.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	body, err := json.Marshal(of)
	if err != nil {
		return nil, err
	}
	return answer(req, int(of.Code), body), nil
}

// copyOf copies a request for another attempt: sending takes its body, and an upgrade
// of a connection changes it.
func copyOf(req *http.Request) (*http.Request, error) {
	dup := req.Clone(req.Context())
	if req.GetBody == nil {
		return dup, nil
	}
	body, err := req.GetBody()
	dup.Body = body
	return dup, err
}

// drop gives up a response, so that its connection can be used again.
func drop(resp *http.Response) error {
	if resp == nil {
		return nil
	}
	defer resp.Body.Close()
	_, err := io.Copy(io.Discard, resp.Body)
	return err
}
