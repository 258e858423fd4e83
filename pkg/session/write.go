package session

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// applyType is the media type of a server-side apply, which may also create.
const applyType = "application/apply-patch+yaml"

// write lets a request change the run's own objects only. In a Namespace of
// others, whose an object is must be asked, unless the run has created it
// itself; a delete then holds for that very object.
func (t *transport) write(req *http.Request, at target) (*http.Response, error) {
	s := t.session
	if at.namespace == s.Namespace && s.Owned || isDryRun(req) {
		return t.next.RoundTrip(req)
	}
	if at.name == "" {
		return refuse(req, at, http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf(
			"all %s of namespace %q: they may not be the run's alone; name them", at.resource.Resource, at.namespace))
	}
	uid := s.created.uidOf(at)
	if uid == "" {
		obj := t.get(req.Context(), at)
		switch {
		case obj == nil && strings.HasPrefix(req.Header.Get("Content-Type"), applyType):
			return refuse(req, at, http.StatusForbidden, metav1.StatusReasonForbidden,
				"a server-side apply would take over what others make meanwhile; use kubectl create or apply")
		case obj == nil:
			return t.next.RoundTrip(req) // the API server will say that there is none
		case !s.isMarked(obj):
			return t.refuseOthers(req, at, obj)
		}
		uid = obj.GetUID()
	}
	if req.Method == http.MethodDelete && at.subresource == "" {
		return t.deleteThis(req, uid)
	}
	return t.next.RoundTrip(req)
}

func (t *transport) refuseOthers(req *http.Request, at target, obj *unstructured.Unstructured) (*http.Response, error) {
	return refuse(req, at, http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf(
		"%s %q is not of this run (%s); it is left untouched", at.resource.Resource, at.name, ownerOf(obj, time.Now())))
}

// deleteThis deletes an object only while it is the one of that UID: somebody
// may have put another one in its place.
func (t *transport) deleteThis(req *http.Request, uid types.UID) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	opts := map[string]any{"apiVersion": "v1", "kind": "DeleteOptions"}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &opts); err != nil {
			return nil, fmt.Errorf("options of %s %s: %w", req.Method, req.URL.Path, err)
		}
	}
	opts["preconditions"] = map[string]any{"uid": uid}
	if body, err = json.Marshal(opts); err != nil {
		return nil, err
	}
	dup := withBody(req, body)
	dup.Header.Set("Content-Type", "application/json")
	return t.next.RoundTrip(dup)
}
