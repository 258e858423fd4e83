package engine

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
)

// noObjects finds nothing.
type noObjects struct{ expect.Objects }

func (noObjects) Pods(context.Context, string) ([]any, error) { return nil, nil }
func (noObjects) Pod(context.Context, string) (map[string]any, error) {
	return nil, context.Canceled
}
func (noObjects) Events(context.Context, string) ([]any, error) { return nil, nil }

// A claim that waits is decided anew at the changes that may matter to it alone.
func TestTheChangesThatMatterToAClaim(t *testing.T) {
	mine, other := labels.Set{"app": "mine"}, labels.Set{"app": "other"}
	before := map[string]changes{"a": {1, mine}, "b": {1, other}}
	for name, tc := range map[string]struct {
		read   func(*readObjects) error
		pod    string
		labels labels.Set
		want   bool
	}{
		"a pod that it names":             {func(r *readObjects) error { _, _ = r.Pod(t.Context(), "a"); return nil }, "a", mine, true},
		"a pod that it does not name":     {func(r *readObjects) error { _, _ = r.Pod(t.Context(), "a"); return nil }, "b", other, false},
		"a pod that it selects":           {func(r *readObjects) error { _, err := r.Pods(t.Context(), "app=mine"); return err }, "new", mine, true},
		"a pod that it does not select":   {func(r *readObjects) error { _, err := r.Pods(t.Context(), "app=mine"); return err }, "b", other, false},
		"a pod that it selects no longer": {func(r *readObjects) error { _, err := r.Pods(t.Context(), "app=mine"); return err }, "a", other, true},
		"any, where it reads events":      {func(r *readObjects) error { _, err := r.Events(t.Context(), "x"); return err }, "b", other, true},
	} {
		read := &readObjects{Objects: noObjects{}}
		if err := tc.read(read); err != nil {
			t.Fatal(err)
		}
		after := map[string]changes{"a": {1, mine}, "b": {1, other}, tc.pod: {2, tc.labels}}
		if got := read.changed(before, after); got != tc.want {
			t.Errorf("%s: expected %t, found %t", name, tc.want, got)
		}
		if read.changed(after, after) {
			t.Errorf("%s: expected nothing where nothing has changed", name)
		}
	}
}
