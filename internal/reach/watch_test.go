package reach

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

func podOn(name, node string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{NodeName: node}}
}

func scheduled(p *corev1.Pod) bool { return p == nil || p.Spec.NodeName != "" }

// watched returns a watch that opens each of the streams in turn, and then none more.
func watched(t *testing.T, streams ...watch.Interface) *podWatch {
	t.Helper()
	return newPodWatch(t.Context(), func(context.Context) (watch.Interface, error) {
		if len(streams) == 0 {
			return nil, errors.New("no more")
		}
		defer func() { streams = streams[1:] }()
		return streams[0], nil
	})
}

// Many wait for Pods of one watch; each is decided by its own Pod's states alone.
func TestManyWaitForPodsOfOneWatch(t *testing.T) {
	const n = 100
	stream := watch.NewFake()
	w := watched(t, stream)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := w.await(t.Context(), fmt.Sprint(i), scheduled); err != nil {
				t.Errorf("pod %d: %v", i, err)
			}
		})
	}
	for i := range n {
		stream.Add(podOn(fmt.Sprint(i), ""))
	}
	for i := range n {
		if i%2 == 0 {
			stream.Modify(podOn(fmt.Sprint(i), "node-1"))
		} else {
			stream.Delete(podOn(fmt.Sprint(i), ""))
		}
	}
	wg.Wait()
	// What has been seen already is decided at once.
	if err := w.await(t.Context(), "0", scheduled); err != nil {
		t.Error(err)
	}
}

// A watch that has expired is opened again, and one that cannot be is an error for all.
func TestAWatchIsRenewedUntilItIsRefused(t *testing.T) {
	first, second := watch.NewFake(), watch.NewFake()
	w := watched(t, first, second)
	failed := make(chan error)
	go func() { failed <- w.await(t.Context(), "a", scheduled) }()
	first.Error(&metav1.Status{Reason: metav1.StatusReasonExpired})
	second.Add(podOn("b", "node-1"))
	if err := w.await(t.Context(), "b", scheduled); err != nil {
		t.Errorf("expected the pod of the second watch, found %v", err)
	}
	second.Stop()
	if err := <-failed; err == nil || err.Error() != "watch the run's pods: no more" {
		t.Errorf("expected the error of the third watch, found %v", err)
	}
	if err := w.await(t.Context(), "c", scheduled); err == nil {
		t.Error("expected that nothing is waited for without a watch")
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	w := watched(t, watch.NewFake())
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped")
	cancel(why)
	if err := w.await(ctx, "a", scheduled); !errors.Is(err, why) {
		t.Errorf("expected %v, found %v", why, err)
	}
	w.see("a", podOn("a", "node-1")) // no wait is left
}
