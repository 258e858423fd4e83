package reach

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// A run that is stopped has its watch end, and gets no other one: it still stops
// the one that it had.
func TestAWatchThatIsNotRenewedCanBeStopped(t *testing.T) {
	first, opened, refused := watch.NewFake(), false, errors.New("context canceled")
	w := &podWatch{latest: map[string]*corev1.Pod{}, open: func(context.Context) (watch.Interface, error) {
		if opened {
			return nil, refused
		}
		opened = true
		return first, nil
	}}
	if err := w.reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.Stop()
	p := &pod{name: "a"}
	left, err := w.until(t.Context(), []*pod{p}, func(*pod, *corev1.Pod) bool { return false })
	if !errors.Is(err, refused) || left["a"] != p {
		t.Errorf("expected that pod a is left, and %v; found %v, %v", refused, left, err)
	}
	w.stop()
}
