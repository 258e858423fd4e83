package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// createTimeout bounds a create that an interrupt must not cut in two.
const createTimeout = outage + 15*time.Second

var errEnded = errors.New("the run is over: nothing more is created")

// create sends a create, marked as the run's. It goes on when the run is
// interrupted: a create that was given up halfway might leave an object that
// no one knows of. One whose outcome is unknown, because the connection broke or
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
	if body, err = obj.MarshalJSON(); err != nil {
		return nil, err
	}
	at.name = obj.GetName()
	if isDryRun(req) { // nothing is made, so what the object refers to need not exist
		resp, err := t.next.RoundTrip(withBody(req, body))
		return t.explainTaken(req, at, resp, err)
	}
	if t.confined || !t.session.isOwn(at) {
		if err := t.vet(req.Context(), obj, at); err != nil {
			return reject(req, at, forbidden(err.Error()))
		}
	}
	if !t.session.creating.TryRLock() {
		return nil, errEnded
	}
	defer t.session.creating.RUnlock()
	if t.session.ended.Load() {
		return nil, errEnded
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), createTimeout)
	defer cancel()
	resp, err := t.send(withBody(req.WithContext(ctx), body), at)
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
func (t *transport) send(req *http.Request, at target) (*http.Response, error) {
	pace := backoff()
	for unknown := false; ; unknown = true {
		attempt, err := copyOf(req)
		if err != nil {
			return nil, err
		}
		resp, err := t.next.RoundTrip(attempt)
		answered := err == nil && resp.StatusCode < http.StatusInternalServerError
		if !answered && (at.name == "" || err == nil && isWebhooks(resp)) {
			return resp, err // the API server was to choose the name, or has not admitted the object
		}
		// While the API server is away, this waits for it.
		if !answered || unknown && resp.StatusCode == http.StatusConflict {
			if found := t.find(req, at); found != nil {
				return found, drop(resp)
			}
		}
		if answered {
			return t.explainTaken(req, at, resp, nil)
		}
		if pace.Steps == 0 || !pause(req.Context(), pace.Step()) {
			t.note(object{at.resource, at.namespace, at.name, ""}) // Close looks for it again
			return resp, err
		}
		_ = drop(resp) // where that connection is broken, too, the next attempt takes another
	}
}

// find returns the object of a create, as if it were just created, where it is the
// run's.
func (t *transport) find(req *http.Request, at target) *http.Response {
	obj, err := t.session.get(req.Context(), at)
	if err != nil || !t.session.isMarked(obj) {
		return nil
	}
	text, err := obj.MarshalJSON()
	if err != nil {
		return nil
	}
	return answer(req, http.StatusCreated, text)
}

// explainTaken adds, to the answer that a name is taken, by whom.
func (t *transport) explainTaken(req *http.Request, at target, resp *http.Response, err error) (*http.Response, error) {
	if err != nil || resp.StatusCode != http.StatusConflict || at.name == "" {
		return resp, err
	}
	obj, err := t.session.get(req.Context(), at)
	if err != nil {
		return resp, nil //nolint:nilerr // it may not be read
	}
	if err := drop(resp); err != nil {
		return nil, err
	}
	return reject(req, at, refusal(http.StatusConflict, metav1.StatusReasonAlreadyExists, fmt.Sprintf(
		"%s %q already exists (%s) and was not changed: delete it, or run in another namespace", at.resource.Resource, at.name, ownerOf(obj, time.Now()))))
}
