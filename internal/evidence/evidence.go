package evidence

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
)

// Reader reads the evidence of one run.
type Reader struct {
	Core      corev1client.CoreV1Interface
	Namespace string
	// Selector are the labels of the run's Pods, or "" where all in the Namespace
	// are the run's.
	Selector string
}

// Log is the output of a container, as far as it is kept.
type Log struct {
	Pod, Container string
	// Previous: it is that of the instance before the present one.
	Previous bool
	Text     string
}

// Pods lists the Pods of the run.
func (r Reader) Pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := r.Core.Pods(r.Namespace).List(ctx, metav1.ListOptions{LabelSelector: r.Selector})
	if err != nil {
		return nil, fmt.Errorf("list the pods of namespace %q: %w", r.Namespace, err)
	}
	return list.Items, nil
}

// Events lists the Events about one Pod, the oldest first.
func (r Reader) Events(ctx context.Context, pod *corev1.Pod) ([]corev1.Event, error) {
	list, err := r.Core.Events(r.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", string(pod.UID)).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("list the events about pod %q: %w", pod.Name, err)
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Event) int { return diagnose.LastSeen(a).Compare(diagnose.LastSeen(b)) })
	return list.Items, nil
}

// Logs reads the end of what each container of a Pod has written: so many lines
// of it, and so many bytes; 0 lines are all. A container that has not run has no
// log. Where one was started again and does not run, its last instance is read.
func (r Reader) Logs(ctx context.Context, pod *corev1.Pod, lines, bytes int64) ([]Log, error) {
	var logs []Log
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		previous := c.State.Waiting != nil && c.LastTerminationState.Terminated != nil
		if c.State.Waiting != nil && !previous {
			continue
		}
		opts := &corev1.PodLogOptions{Container: c.Name, Previous: previous, LimitBytes: &bytes}
		if lines > 0 {
			opts.TailLines = &lines
		}
		text, err := r.Core.Pods(r.Namespace).GetLogs(pod.Name, opts).DoRaw(ctx)
		if err != nil {
			return logs, fmt.Errorf("read the log of container %q of pod %q: %w", c.Name, pod.Name, err)
		}
		if int64(len(text)) >= bytes {
			text = fmt.Appendf(text, "\n[truncated: at most %d bytes are kept]\n", bytes)
		}
		logs = append(logs, Log{pod.Name, c.Name, previous, string(text)})
	}
	return logs, nil
}
