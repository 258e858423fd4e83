package session

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/wait"
)

// confirmTimeout is how long a kubelet has to confirm that a Pod has ended, which
// takes about two seconds. The kubelet of a node that is gone never does, and
// the Pod's object, with its Namespace, would stay for ever.
const confirmTimeout = 10 * time.Second

// awaitConfirmed waits for confirmTimeout, and returns what is there still.
func (s *Session) awaitConfirmed(ctx context.Context, going []object) (left []object) {
	ctx, cancel := wait.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	for _, o := range going {
		if err := s.awaitGone(ctx, o); err != nil {
			left = append(left, o)
		}
	}
	return left
}

// forcePods removes the objects of the run's Pods that are being deleted, and
// names them and their nodes. It is what `kubectl delete --force` does; the Pods
// are the run's own, and nothing counts on there being only one of them.
func (s *Session) forcePods(ctx context.Context) (names []string, err error) {
	opts := metav1.ListOptions{}
	if !s.Owned {
		opts.LabelSelector = RunLabel + "=" + s.ID
	}
	list, err := s.client.Resource(pods).Namespace(s.Namespace).List(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("list the pods whose end is not confirmed: %w", err)
	}
	for i := range list.Items {
		pod := &list.Items[i]
		if pod.GetDeletionTimestamp() == nil {
			continue
		}
		err := s.client.Resource(pods).Namespace(s.Namespace).Delete(ctx, pod.GetName(), metav1.DeleteOptions{
			GracePeriodSeconds: ptr.To(int64(0)),
			Preconditions:      &metav1.Preconditions{UID: ptr.To(pod.GetUID())},
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return names, fmt.Errorf("remove the object of pod %q: %w", pod.GetName(), err)
		}
		node, _, _ := unstructured.NestedString(pod.Object, "spec", "nodeName")
		names = append(names, fmt.Sprintf("%s on %s", pod.GetName(), node))
	}
	return names, nil
}
