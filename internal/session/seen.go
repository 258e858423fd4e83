package session

import (
	"encoding/json"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// recent is for how long what a command has read tells whose an object is: kubectl
// reads a Pod just before it enters it.
const recent = time.Second

// seen are objects as commands have read them.
type seen struct {
	mu      sync.Mutex
	objects map[target]sighting
}

type sighting struct {
	object metav1.PartialObjectMetadata
	at     time.Time
}

// note keeps what an answer says of an object. A table, for people, says nothing.
func (s *seen) note(t target, body []byte) {
	found := sighting{at: time.Now()}
	if err := json.Unmarshal(body, &found.object); err != nil || found.object.UID == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		s.objects = map[target]sighting{}
	}
	s.objects[t.itself()] = found
}

// recent is an object that was read just now, or nil.
func (s *seen) recent(t target) *metav1.PartialObjectMetadata {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.objects[t.itself()]
	if !ok || time.Since(found.at) > recent {
		return nil
	}
	return &found.object
}

// itself is the object whose subresource a target may be.
func (t target) itself() target {
	t.subresource = ""
	return t
}
