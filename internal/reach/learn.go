package reach

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// firstBatch is how many nodes are looked for first, when they may not be listed.
const firstBatch = 4

// learn finds the nodes without listing them: pods that shun each other each go to
// a node of its own. Batches double until one has a pod that finds no node;
// those that find none are removed again.
func (r *run) learn(ctx context.Context) (*podWatch, error) {
	var w *podWatch
	var placed []*pod
	for batch := firstBatch; ; batch *= 2 {
		first := len(r.pods)
		if err := errors.Join(r.create(ctx, make([]string, batch))...); err != nil {
			return w, fmt.Errorf("nodes may not be listed, and looking for them with pods failed: %w", err)
		}
		if w == nil {
			var err error
			if w, err = r.watchPods(ctx); err != nil {
				return nil, err
			}
		}
		var homeless []*pod
		_, err := w.until(ctx, r.pods[first:], func(p *pod, state *corev1.Pod) bool {
			switch {
			case state == nil:
			case state.Spec.NodeName != "":
				p.node = state.Spec.NodeName
			case !unschedulable(state):
				return false
			}
			if p.node != "" {
				placed = append(placed, p)
			} else {
				homeless = append(homeless, p)
			}
			r.progress(Progress{Stage: "looking for nodes", Done: len(placed)})
			return true
		})
		if err != nil {
			return w, fmt.Errorf("nodes may not be listed, and not all pods that look for them were judged by the scheduler: %w", err)
		}
		if len(homeless) > 0 {
			r.remove(ctx, homeless)
			break
		}
	}
	r.pods = placed
	for _, p := range placed {
		r.nodes = append(r.nodes, Node{Name: p.node})
	}
	return w, nil
}

func unschedulable(state *corev1.Pod) bool {
	for _, c := range state.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
			return true
		}
	}
	return false
}

// remove deletes pods that wait for a node, lest an autoscaler adds one for them.
// What is left of them is removed with the run.
func (r *run) remove(ctx context.Context, pods []*pod) {
	for _, p := range pods {
		_ = r.client.Pods(r.session.Namespace).Delete(ctx, p.name, metav1.DeleteOptions{})
	}
}
