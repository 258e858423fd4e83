package session

import (
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// recent is for how long what a command has read shows whose an object is: kubectl
// reads a Pod just before it enters it.
const recent = time.Second

// noteSeen keeps what an answer says of an object. A table, for people, says nothing.
func (s *Session) noteSeen(at target, body []byte) {
	obj := &metav1.PartialObjectMetadata{}
	if err := json.Unmarshal(body, obj); err == nil && obj.UID != "" {
		s.seen.Set(at.itself(), obj, recent)
	}
}

// recentlySeen is an object that was read just now, or nil.
func (s *Session) recentlySeen(at target) metav1.Object {
	if found, ok := s.seen.Get(at.itself()); ok {
		return found.(*metav1.PartialObjectMetadata) //nolint:forcetypeassert // of noteSeen
	}
	return nil
}

// itself is the object whose subresource a target may be.
func (t target) itself() target {
	t.subresource = ""
	return t
}
