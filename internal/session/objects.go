package session

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var events = corev1.SchemeGroupVersion.WithResource("events")

// maxLog is how much of a container's log an expectation sees, in bytes.
const maxLog = 1 << 20

// Pod reads a Pod of the run's Namespace, without the containers that admission has added.
func (s *Session) Pod(ctx context.Context, name string) (map[string]any, error) {
	obj, err := s.client.Resource(pods).Namespace(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return withoutAdded(obj), nil
}

// Pods lists the Pods of the run's Namespace that a label selector matches.
func (s *Session) Pods(ctx context.Context, selector string) ([]any, error) {
	return s.list(ctx, pods, metav1.ListOptions{LabelSelector: selector})
}

// Events lists the Events about the object of that name.
func (s *Session) Events(ctx context.Context, name string) ([]any, error) {
	return s.list(ctx, events, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("involvedObject.name", name).String()})
}

// Logs reads what a container has written so far. A log of more than maxLog is an
// error: what is beyond may say otherwise than its begin.
func (s *Session) Logs(ctx context.Context, pod, container string) (string, error) {
	limit := int64(maxLog + 1)
	log, err := s.core.Pods(s.Namespace).GetLogs(pod, &corev1.PodLogOptions{Container: container, LimitBytes: &limit}).DoRaw(ctx)
	if len(log) > maxLog {
		return "", fmt.Errorf("the log has more than %d MiB: reduce the container's output", maxLog>>20)
	}
	return string(log), err
}

// FollowLog calls wrote whenever a container writes to its log, until the
// container or ctx ends.
func (s *Session) FollowLog(ctx context.Context, pod, container string, wrote func()) {
	log, err := s.core.Pods(s.Namespace).GetLogs(pod, &corev1.PodLogOptions{Container: container, Follow: true}).Stream(ctx)
	if err != nil {
		return // it has not started yet, or is deleted
	}
	defer log.Close()
	text := make([]byte, 32<<10)
	for {
		if _, err := log.Read(text); err != nil {
			return
		}
		wrote()
	}
}

func (s *Session) list(ctx context.Context, resource schema.GroupVersionResource, opts metav1.ListOptions) ([]any, error) {
	found, err := s.client.Resource(resource).Namespace(s.Namespace).List(ctx, opts)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(found.Items))
	for i, item := range found.Items {
		list[i] = withoutAdded(&item)
	}
	return list, nil
}
