package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// Wrap makes every client of a REST config label the objects that it creates
// as the run's, and records them for removal. It works below kubectl, so that
// a command needs no flags for it and stays the one that is shown.
func (s *Session) Wrap(cfg *rest.Config) {
	// Typed clients would send protobuf, which cannot be read without knowing
	// the type; kubectl's own requests are JSON already.
	cfg.ContentType, cfg.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &transport{s, next} })
}

type transport struct {
	session *Session
	next    http.RoundTripper
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	gvr, namespace, isCreate := parseCreate(req)
	if !isCreate {
		return t.next.RoundTrip(req)
	}
	req, err := t.label(req)
	if err != nil {
		return nil, err
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusCreated {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var made metav1.PartialObjectMetadata
	if err := json.Unmarshal(body, &made); err != nil || made.UID == "" {
		return nil, fmt.Errorf("create %s: the API server's answer names no object that could be removed later", gvr.Resource)
	}
	t.session.created.add(object{gvr, namespace, made.Name, made.UID})
	return resp, nil
}

// label adds the run's labels to the object in the request's body.
func (t *transport) label(req *http.Request) (*http.Request, error) {
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return nil, err
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(body); err != nil {
		return nil, fmt.Errorf("label the object of %s %s: %w", req.Method, req.URL.Path, err)
	}
	labels := obj.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[RunLabel] = t.session.ID
	if labels[ManagedByLabel] == "" {
		labels[ManagedByLabel] = ManagedBy
	}
	obj.SetLabels(labels)
	if body, err = obj.MarshalJSON(); err != nil {
		return nil, err
	}
	dup := req.Clone(req.Context())
	dup.Body = io.NopCloser(bytes.NewReader(body))
	dup.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	dup.ContentLength = int64(len(body))
	return dup, nil
}

// parseCreate tells whether a request creates an object that stays: a POST to a
// collection, as opposed to one to a subresource (exec, eviction) or a review.
func parseCreate(req *http.Request) (gvr schema.GroupVersionResource, namespace string, ok bool) {
	if req.Method != http.MethodPost || req.Body == nil || req.URL.Query().Has("dryRun") {
		return gvr, "", false
	}
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	// The path of the API server's address may come first.
	for len(parts) > 0 && parts[0] != "api" && parts[0] != "apis" {
		parts = parts[1:]
	}
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		gvr.Version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		gvr.Group, gvr.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return gvr, "", false
	}
	if len(parts) == 3 && parts[0] == "namespaces" {
		namespace, parts = parts[1], parts[2:]
	}
	if len(parts) != 1 || slices.Contains(reviews, gvr.Group) {
		return gvr, "", false
	}
	gvr.Resource = parts[0]
	return gvr, namespace, true
}

// reviews are the API groups whose objects are answers and are never stored.
var reviews = []string{"authentication.k8s.io", "authorization.k8s.io"}

// object is something that the run created.
type object struct {
	resource  schema.GroupVersionResource
	namespace string
	name      string
	uid       types.UID
}

func (o object) String() string { return o.resource.Resource + "/" + o.name }

// ledger is the list of what a run created, in order.
type ledger struct {
	mu      sync.Mutex
	objects []object
}

func (l *ledger) add(o object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects = append(l.objects, o)
}

// newestFirst returns the objects in the order of removal.
func (l *ledger) newestFirst() []object {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := slices.Clone(l.objects)
	slices.Reverse(out)
	return out
}
