package session

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// createTimeout bounds a create that an interrupt must not cut in two.
const createTimeout = outage + 15*time.Second

// create sends a create, marked as the run's. It goes on when the run is
// interrupted: a create that was given up halfway might leave an object that
// nobody knows of. One whose outcome is unknown, because the connection broke or
// a proxy failed, is looked for by name and run ID before it is sent again, so
// that nothing is ever created twice.
func (t *transport) create(req *http.Request, at target) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	obj, err := t.marked(body, at)
	if err != nil {
		return nil, fmt.Errorf("mark the object of %s %s as the run's: %w", req.Method, req.URL.Path, err)
	}
	// Where nothing is made, what the object refers to need not be there.
	if !isDryRun(req) && (t.confined || !t.session.isOwn(at)) {
		if err := t.vet(req.Context(), obj, at); err != nil {
			return refuse(req, at, http.StatusForbidden, metav1.StatusReasonForbidden, err.Error())
		}
	}
	if body, err = obj.MarshalJSON(); err != nil {
		return nil, err
	}
	if isDryRun(req) {
		resp, err := t.next.RoundTrip(withBody(req, body))
		return t.explainTaken(req, at, nameOf(body), resp, err)
	}
	if err := t.session.creating.enter(); err != nil {
		return nil, err
	}
	defer t.session.creating.leave()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), createTimeout)
	defer cancel()
	resp, err := t.send(withBody(req.WithContext(ctx), body), at, nameOf(body))
	if err != nil {
		return nil, err
	}
	text, err := peek(resp) // while its context lives
	if err != nil || resp.StatusCode != http.StatusCreated {
		return resp, err
	}
	var made metav1.PartialObjectMetadata
	if err := json.Unmarshal(text, &made); err != nil || made.UID == "" {
		return nil, fmt.Errorf("create %s: the API server's answer names no object that could be removed later", at.resource.Resource)
	}
	t.note(object{at.resource, at.namespace, made.Name, made.UID})
	return resp, nil
}

// marked reads the object of a create, and makes it the run's.
func (t *transport) marked(body []byte, at target) (*unstructured.Unstructured, error) {
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(body); err != nil {
		return nil, err
	}
	if obj.IsList() {
		return nil, fmt.Errorf("expected an object, found a %s", obj.GetKind())
	}
	if err := t.session.mark(obj); err != nil || at.namespace == "" || t.session.isOwn(at) {
		return obj, err
	}
	return obj, t.session.bind(obj, at)
}

// send sends a create until its outcome is known.
func (t *transport) send(req *http.Request, at target, name string) (*http.Response, error) {
	pace := retry()
	for unknown := false; ; unknown = true {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		again := req.Clone(req.Context())
		again.Body = body
		resp, err := t.next.RoundTrip(again)
		if err == nil && resp.StatusCode < http.StatusInternalServerError {
			if unknown && resp.StatusCode == http.StatusConflict {
				if found := t.find(req, at, name); found != nil {
					return found, drop(resp)
				}
			}
			return t.explainTaken(req, at, name, resp, nil)
		}
		if name == "" || err == nil && isWebhooks(resp) {
			return resp, err // the API server was to choose the name, or has not admitted the object
		}
		// While the API server is away, this waits for it.
		if found := t.find(req, at, name); found != nil {
			return found, drop(resp)
		}
		if pace.Steps == 0 || !pause(req.Context(), pace.Step()) {
			t.note(object{at.resource, at.namespace, name, ""}) // Close looks for it again
			return resp, err
		}
		_ = drop(resp) // where that connection is broken, too, the next attempt takes another
	}
}

// find returns the object of that name, as if it were just created, where it is
// the run's.
func (t *transport) find(req *http.Request, at target, name string) *http.Response {
	at.name = name
	obj := t.get(req.Context(), at)
	if obj == nil || !t.session.isMarked(obj) {
		return nil
	}
	text, err := obj.MarshalJSON()
	if err != nil {
		return nil
	}
	return answer(req, http.StatusCreated, text)
}

// get reads an object; nil is one that does not exist, or that may not be read.
func (t *transport) get(ctx context.Context, at target) *unstructured.Unstructured {
	// Not by the next transport: that of an exec speaks WebSocket only.
	obj, err := t.session.client.Resource(at.resource).Namespace(at.namespace).Get(ctx, at.name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return obj
}

// explainTaken adds, to the answer that a name is taken, by whom.
func (t *transport) explainTaken(req *http.Request, at target, name string, resp *http.Response, err error) (*http.Response, error) {
	if err != nil || resp.StatusCode != http.StatusConflict || name == "" {
		return resp, err
	}
	at.name = name
	obj := t.get(req.Context(), at)
	if obj == nil {
		return resp, nil
	}
	if err := drop(resp); err != nil {
		return nil, err
	}
	return refuse(req, at, http.StatusConflict, metav1.StatusReasonAlreadyExists, fmt.Sprintf(
		"%s %q already exists (%s); it is left untouched: remove it, or run in another namespace", at.resource.Resource, name, ownerOf(obj, time.Now())))
}

func nameOf(body []byte) string {
	var obj metav1.PartialObjectMetadata
	if err := json.Unmarshal(body, &obj); err != nil {
		return ""
	}
	return obj.Name
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

// pause waits, and tells whether the context still stands.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
