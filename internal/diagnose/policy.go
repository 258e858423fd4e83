package diagnose

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Restricts reports whether a NetworkPolicy of the Pod's Namespace selects it for a
// direction: the Pod then receives, or sends, only what policies allow. One in the network of its
// Node is selected by none.
func Restricts(p *networkingv1.NetworkPolicy, pod *corev1.Pod, direction networkingv1.PolicyType) bool {
	selector, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
	// Ingress is a policy's subject unless it names its subjects without it.
	subject := slices.Contains(p.Spec.PolicyTypes, direction) || len(p.Spec.PolicyTypes) == 0 && direction == networkingv1.PolicyTypeIngress
	return err == nil && subject && !pod.Spec.HostNetwork && selector.Matches(labels.Set(pod.Labels))
}
