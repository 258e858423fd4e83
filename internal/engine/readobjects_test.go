package engine

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// noObjects finds nothing.
type noObjects struct{ expect.Objects }

func (noObjects) Pods(context.Context, string) ([]any, error) { return nil, nil }
func (noObjects) Pod(context.Context, string) (map[string]any, error) {
	return nil, context.Canceled
}
func (noObjects) Logs(context.Context, string, string) (string, error) { return "", nil }
func (noObjects) Events(context.Context, string) ([]any, error)        { return nil, nil }

// A claim that waits is decided again at the changes that may matter to it alone.
func TestTheChangesThatMatterToAClaim(t *testing.T) {
	mine, other := labels.Set{"app": "mine"}, labels.Set{"app": "other"}
	before := map[string]changes{"a": {1, 1, 0, mine}, "b": {1, 1, 0, other}}
	names := func(r *readObjects) error { _, _ = r.Pod(t.Context(), "a"); return nil }
	selects := func(r *readObjects) error { _, err := r.Pods(t.Context(), "app=mine"); return err }
	events := func(r *readObjects) error { _, err := r.Events(t.Context(), "x"); return err }
	logs := func(r *readObjects) error { _, err := r.Logs(t.Context(), "a", "c"); return err }
	for name, tc := range map[string]struct {
		read func(*readObjects) error
		pod  string
		now  changes
		want bool
		// event: the cause is looked for again, without another decision.
		event bool
	}{
		"a pod that it names":                {names, "a", changes{2, 1, 0, mine}, true, true},
		"a pod that it does not name":        {names, "b", changes{2, 1, 0, other}, false, false},
		"an event about a pod that it names": {names, "a", changes{1, 2, 0, mine}, false, true},
		"an event about another pod":         {names, "b", changes{1, 2, 0, other}, false, false},
		"an event about a controller":        {selects, "rc", changes{0, 1, 0, nil}, false, true},
		"a pod that it selects":              {selects, "new", changes{1, 0, 0, mine}, true, true},
		"a pod that it does not select":      {selects, "b", changes{2, 1, 0, other}, false, false},
		"a pod that it selects no longer":    {selects, "a", changes{2, 1, 0, other}, true, true},
		"any pod, where it reads events":     {events, "b", changes{2, 1, 0, other}, true, true},
		"any event, where it reads events":   {events, "b", changes{1, 2, 0, other}, true, true},
		"a log that it reads":                {logs, "a", changes{1, 1, 3, mine}, true, true},
		"a log that it does not read":        {logs, "b", changes{1, 1, 3, other}, false, false},
		"a log of a pod that it names":       {names, "a", changes{1, 1, 3, mine}, false, false},
	} {
		read := &readObjects{Objects: noObjects{}}
		if err := tc.read(read); err != nil {
			t.Fatal(err)
		}
		after := map[string]changes{"a": {1, 1, 0, mine}, "b": {1, 1, 0, other}, tc.pod: tc.now}
		if got := read.changed(before, after); got != tc.want {
			t.Errorf("%s: expected %t, found %t", name, tc.want, got)
		}
		if got := read.touched(before, after); got != tc.event {
			t.Errorf("%s: expected that it is looked at: %t, found %t", name, tc.event, got)
		}
		if read.changed(after, after) || read.touched(after, after) {
			t.Errorf("%s: expected nothing where nothing has changed", name)
		}
	}
}
