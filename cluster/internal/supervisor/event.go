package supervisor

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Event is one line of JSON that the supervisor writes for `up` while the cluster starts.
type Event struct {
	// Part is what the event is about: a component, or a stage such as "nodes".
	Part string `json:"part,omitempty"`
	// What the part did: "started", "ready".
	What string `json:"what,omitempty"`
	// Seconds since the start of the supervisor.
	Seconds float64 `json:"seconds"`
	// Failed says why the cluster cannot start; it is the last event then.
	Failed string `json:"failed,omitempty"`
	// Log names the component whose log explains the failure.
	Log string `json:"log,omitempty"`
	// Up says that the cluster is ready; it is the last event then.
	Up bool `json:"up,omitempty"`
}

// events writes events. A reader that went away is not an error: the cluster goes on.
type events struct {
	mu    sync.Mutex
	to    *json.Encoder
	begin time.Time
}

func newEvents(w io.Writer) *events { return &events{to: json.NewEncoder(w), begin: time.Now()} }

func (e *events) send(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	event.Seconds = time.Since(e.begin).Seconds()
	_ = e.to.Encode(event)
}

func (e *events) ready(part, what string) { e.send(Event{Part: part, What: what}) }
