package reach

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ErrNodesForbidden is in the error of Run where the user may not list nodes.
var ErrNodesForbidden = errors.New("cannot list nodes: expected the permission to `list nodes`; " +
	"`kubectl kbe rbac --for reach-nodes` prints a ClusterRole that grants it")

// listNodes returns the cluster's nodes, and why those are skipped that cannot
// run a pod.
func (r *run) listNodes(ctx context.Context) (taking, skipped []Node, err error) {
	list, err := r.client.Nodes().List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil, nil, fmt.Errorf("%w; found: %w", ErrNodesForbidden, err)
	case err != nil:
		return nil, nil, fmt.Errorf("list the nodes: %w", err)
	}
	for i := range list.Items {
		n := &list.Items[i]
		node := Node{Name: n.Name, Zone: n.Labels[corev1.LabelTopologyZone], NotReady: notReady(n) != ""}
		node.Skipped = skip(n, r.opts.Tolerate)
		if node.Skipped == "" {
			taking = append(taking, node)
		} else {
			skipped = append(skipped, node)
		}
	}
	SortNodes(taking)
	SortNodes(skipped)
	return taking, skipped, nil
}

// skip says why a node is not to be waited for, or "". A tolerated taint is none;
// a node that is cordoned, or not ready, is left alone in any case.
func skip(n *corev1.Node, tolerate bool) string {
	if why := notReady(n); why != "" {
		return why
	}
	if n.Spec.Unschedulable {
		return "cordoned"
	}
	if system := n.Labels[corev1.LabelOSStable]; system != "" && system != "linux" {
		return "runs " + system + "; the image is for linux"
	}
	for _, t := range n.Spec.Taints {
		if t.Effect != corev1.TaintEffectPreferNoSchedule && !tolerate {
			return "tainted: " + t.ToString() + " (--tolerate includes it)"
		}
	}
	return ""
}

func notReady(n *corev1.Node) string {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return strings.TrimSuffix("not ready: "+c.Reason, ": ")
		}
	}
	return ""
}
