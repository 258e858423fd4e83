package wait

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
)

var configMaps = corev1.SchemeGroupVersion.WithResource("configmaps")

func configMap(done string) *unstructured.Unstructured {
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"done": done}}}
	obj.SetName("a")
	obj.SetNamespace("n")
	return obj
}

func isDone(obj *unstructured.Unstructured) (bool, error) {
	if obj == nil {
		return false, nil
	}
	value, _, err := unstructured.NestedString(obj.Object, "data", "done")
	return value == "yes", err
}

func status(code int32, reason metav1.StatusReason) *apierrors.StatusError {
	return &apierrors.StatusError{ErrStatus: metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Code: code, Reason: reason}}
}

// TestAWatchThatEnds: the object is read again, at most once a second, unless the API server refuses
// the watch. While nothing watches, the object becomes done.
func TestAWatchThatEnds(t *testing.T) {
	expired, forbidden := status(http.StatusGone, metav1.StatusReasonExpired), status(http.StatusForbidden, metav1.StatusReasonForbidden)
	broken := errors.New("connection refused")
	for name, tc := range map[string]struct {
		// ends is how the first watch ends: with an error of its request, or with an event, if any.
		refused error
		event   *watch.Event
		want    error
	}{
		"it breaks off":                     {nil, nil, nil},
		"its version has expired":           {expired, nil, nil},
		"its version expires meanwhile":     {nil, &watch.Event{Type: watch.Error, Object: &expired.ErrStatus}, nil},
		"it is not permitted":               {forbidden, nil, forbidden},
		"it is not permitted any more":      {nil, &watch.Event{Type: watch.Error, Object: &forbidden.ErrStatus}, forbidden},
		"the API server does not answer it": {broken, nil, broken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewSimpleDynamicClient(runtime.NewScheme(), configMap("no"))
				watches := 0
				client.PrependWatchReactor("configmaps", func(clienttesting.Action) (bool, watch.Interface, error) {
					watches++
					if err := client.Tracker().Update(configMaps, configMap("yes"), "n"); err != nil {
						t.Error(err)
					}
					w := watch.NewFakeWithChanSize(1, false)
					if tc.event != nil {
						w.Action(tc.event.Type, tc.event.Object)
					}
					w.Stop()
					return true, w, tc.refused
				})
				begin := time.Now()
				err := For(t.Context(), client.Resource(configMaps).Namespace("n"), "a", isDone)
				if took := time.Since(begin); tc.want == nil && (err != nil || watches != 1 || took != watchAgain) {
					t.Errorf("expected that the object is read again after %s, found %v after %s and %d watches", watchAgain, err, took, watches)
				}
				if tc.want != nil && (err == nil || err.Error() != tc.want.Error() || watches != 1) {
					t.Errorf("expected %v, found %v after %d watches", tc.want, err, watches)
				}
			})
		})
	}
}

func TestAWaitEndsWithItsObject(t *testing.T) {
	for name, tc := range map[string]struct {
		cond   Condition
		change func(context.Context, dynamic.ResourceInterface) error
		want   error
	}{
		"it becomes as it should": {isDone, func(ctx context.Context, c dynamic.ResourceInterface) error {
			_, err := c.Update(ctx, configMap("yes"), metav1.UpdateOptions{})
			return err
		}, nil},
		"it is deleted": {Deleted, func(ctx context.Context, c dynamic.ResourceInterface) error {
			return c.Delete(ctx, "a", metav1.DeleteOptions{})
		}, nil},
		"nothing happens": {isDone, func(context.Context, dynamic.ResourceInterface) error { return nil }, ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewSimpleDynamicClient(runtime.NewScheme(), configMap("no")).Resource(configMaps).Namespace("n")
				ctx, cancel := WithTimeout(t.Context(), time.Minute)
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- For(ctx, client, "a", tc.cond) }()
				synctest.Wait()
				if err := tc.change(ctx, client); err != nil {
					t.Fatal(err)
				}
				if err := <-ended; !errors.Is(err, tc.want) || tc.want == nil && err != nil {
					t.Errorf("expected %v, found %v", tc.want, err)
				}
			})
		})
	}
}
