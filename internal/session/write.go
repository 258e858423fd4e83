package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// applyType is the media type of a server-side apply, which may also create.
const applyType = "application/apply-patch+yaml"

// write lets a request change, delete or enter the run's own objects only. Whose an
// object is must be read, unless the run has created it itself; the request then
// holds for that very object.
func (t *transport) write(req *http.Request, at target) (*http.Response, error) {
	s := t.session
	switch {
	case !t.confined && s.isOwn(at):
		return t.next.RoundTrip(req)
	case at.name == "":
		return reject(req, at, forbidden(fmt.Sprintf(
			"all %s of namespace %q: they may not be the run's alone; name them", at.resource.Resource, at.namespace)))
	case strings.HasPrefix(req.Header.Get("Content-Type"), applyType):
		return reject(req, at, forbidden("a server-side apply would take over what others make meanwhile; use kubectl create, or kubectl apply"))
	}
	// The run's object of that name may have been replaced. A delete that says
	// which object it means fails then.
	uid := s.created.uidOf(at)
	if uid == "" || req.Method != http.MethodDelete {
		obj, err := s.ofRun(req.Context(), at)
		if err != nil {
			return reject(req, at, err)
		}
		uid = obj.GetUID()
	}
	return t.changeThis(req, at, uid)
}

// isOwn reports whether a target is in a Namespace of the run's own.
func (s *Session) isOwn(at target) bool { return s.Owned && at.namespace == s.Namespace }

// isRuns returns an error where an object is someone else's. In a Namespace of the
// run's own, controllers make some without its label: that must still be the one.
func (s *Session) isRuns(ctx context.Context, at target, obj metav1.Object) error {
	if s.created.hasUID(obj.GetUID()) || s.isMarked(obj) || s.isOwn(at) && s.stillOwned(ctx) == nil {
		return nil
	}
	return forbidden(fmt.Sprintf("%s %q is not of this run (%s); it was not changed", at.resource.Resource, at.name, ownerOf(obj, time.Now())))
}

// stillOwned returns an error where the Namespace of the run's own is not that
// any more: it was deleted, and someone has made another of that name.
func (s *Session) stillOwned(ctx context.Context) error {
	ns, err := s.get(ctx, target{resource: namespaces, name: s.Namespace})
	if err != nil {
		return err
	}
	if !s.created.hasUID(ns.GetUID()) {
		return fmt.Errorf("namespace %q is another one than the run has made (%s); what is in it was not changed", s.Namespace, ownerOf(ns, time.Now()))
	}
	return nil
}

// ofRun reads the object that a target names; one that is not the run's is an error.
func (s *Session) ofRun(ctx context.Context, at target) (metav1.Object, error) {
	obj, err := s.look(ctx, at)
	if err == nil {
		err = s.isRuns(ctx, at, obj)
	}
	return obj, err
}

// look reads whose an object is, or reads it from what a command has read just now.
func (s *Session) look(ctx context.Context, at target) (metav1.Object, error) {
	if seen := s.recentlySeen(at); seen != nil {
		return seen, nil
	}
	return s.get(ctx, at)
}

// get reads an object with the run's own client: not with the transport of a command,
// for that of an exec speaks WebSocket only.
func (s *Session) get(ctx context.Context, at target) (*unstructured.Unstructured, error) {
	return s.client.Resource(at.resource).Namespace(at.namespace).Get(ctx, at.name, metav1.GetOptions{})
}

// changeThis sends a request that holds only for the object of that UID.
func (t *transport) changeThis(req *http.Request, at target, uid types.UID) (*http.Response, error) {
	if at.connects() {
		return t.next.RoundTrip(req)
	}
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	switch {
	case req.Method == http.MethodDelete && at.subresource == "":
		body, err = pinned(body, uid, "preconditions")
	case req.Method == http.MethodPatch && strings.HasPrefix(req.Header.Get("Content-Type"), string(types.JSONPatchType)):
		body, err = pinnedPatch(body, uid)
	case req.Method == http.MethodPatch, req.Method == http.MethodPut:
		body, err = pinned(body, uid, "metadata")
	}
	if err != nil {
		return nil, fmt.Errorf("body of %s %s: %w", req.Method, req.URL.Path, err)
	}
	dup := withBody(req, body)
	if req.Method == http.MethodDelete {
		dup.Header.Set("Content-Type", "application/json")
	}
	made, refusal, err := t.rehearse(dup, at, body)
	if refusal != nil || err != nil {
		return refusal, err
	}
	if made != nil {
		if body, err = namingContainers(body, made); err != nil {
			return nil, fmt.Errorf("body of %s %s: %w", req.Method, req.URL.Path, err)
		}
		dup = withBody(dup, body)
	}
	resp, err := t.next.RoundTrip(dup)
	if err != nil || resp.StatusCode != http.StatusConflict || req.Method != http.MethodDelete {
		return resp, err
	}
	return t.explainReplaced(req, at, uid, resp)
}

// explainReplaced says, of a delete that did not hold, that there is another object
// in the place of the run's.
func (t *transport) explainReplaced(req *http.Request, at target, uid types.UID, resp *http.Response) (*http.Response, error) {
	obj, err := t.session.get(req.Context(), at)
	if err != nil || obj.GetUID() == uid {
		return resp, nil
	}
	if err := t.session.isRuns(req.Context(), at, obj); err != nil {
		_ = drop(resp)
		return reject(req, at, err)
	}
	return resp, nil
}

// pinned adds a UID to a field of a JSON object.
func pinned(body []byte, uid types.UID, field string) ([]byte, error) {
	object := map[string]any{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &object); err != nil {
			return nil, err
		}
		if object == nil {
			return nil, errors.New("expected an object, found null")
		}
	} else if field == "preconditions" {
		object["apiVersion"], object["kind"] = "v1", "DeleteOptions"
	}
	fields, _ := object[field].(map[string]any)
	if fields == nil {
		fields = map[string]any{}
	}
	fields["uid"] = uid
	object[field] = fields
	return json.Marshal(object)
}

// pinnedPatch adds a UID to a JSON patch, as its first condition.
func pinnedPatch(body []byte, uid types.UID) ([]byte, error) {
	var steps []any
	if err := json.Unmarshal(body, &steps); err != nil {
		return nil, err
	}
	test := map[string]any{"op": "test", "path": "/metadata/uid", "value": uid}
	return json.Marshal(append([]any{test}, steps...))
}

// rehearse has the API server say what a patch would make of an object, where that
// might point at what others have; a refusal is the response that says so.
func (t *transport) rehearse(req *http.Request, at target, body []byte) (made *unstructured.Unstructured, refusal *http.Response, err error) {
	s := t.session
	if req.Method != http.MethodPatch || at.subresource != "" || isDryRun(req) || s.isOwn(at) && !t.confined {
		return nil, nil, nil
	}
	rehearsal := withBody(req, body)
	query := rehearsal.URL.Query()
	query.Set("dryRun", metav1.DryRunAll)
	rehearsal.URL.RawQuery = query.Encode()
	resp, err := t.next.RoundTrip(rehearsal)
	if err != nil {
		return nil, nil, err
	}
	text, err := peek(resp)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, resp, err // it would be the patch's own answer
	}
	made = &unstructured.Unstructured{}
	if err := made.UnmarshalJSON(text); err != nil {
		return nil, nil, fmt.Errorf("what %s would make of %s: %w", req.Method, at, err)
	}
	if err := t.vet(req.Context(), made, at); err != nil {
		refusal, err = reject(req, at, forbidden(err.Error()))
		return nil, refusal, err
	}
	return made, nil, nil
}

// namingContainers adds to a patch the names of the containers that it leaves in a template of Pods: they are the run's own,
// and not added by admission. made is what the patch makes of the object.
func namingContainers(patch []byte, made *unstructured.Unstructured) ([]byte, error) {
	for _, t := range templatesOf(made) {
		named, marked := t.GetAnnotations()[containersAnnotation]
		own := containersOf(t.Object)
		if len(t.path) == 0 || !marked || named == own { // to a Pod, only admission adds containers
			continue
		}
		path := append(slices.Clone(t.path), "metadata", "annotations", containersAnnotation)
		var err error
		if patch, err = withField(patch, own, path...); err != nil {
			return nil, err
		}
	}
	return patch, nil
}

// withField adds to a patch, in JSON or a merge, that it sets a field.
func withField(patch []byte, value string, path ...string) ([]byte, error) {
	var steps []any
	if json.Unmarshal(patch, &steps) == nil {
		pointer := ""
		for _, name := range path {
			pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		}
		return json.Marshal(append(steps, map[string]any{"op": "add", "path": pointer, "value": value}))
	}
	object := map[string]any{}
	if err := json.Unmarshal(patch, &object); err != nil {
		return nil, err
	}
	if err := unstructured.SetNestedField(object, value, path...); err != nil {
		return nil, err
	}
	return json.Marshal(object)
}
