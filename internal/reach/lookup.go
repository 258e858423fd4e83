package reach

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// lookUp reads from the cluster what explains rows that are not as expected.
func (r *podRun) lookUp(ctx context.Context) {
	e := newExplanation(r.table)
	if len(e.rows(func(row Row) bool { return e.failed(row) && e.silent(row) })) > 0 {
		policies, err := r.policies(ctx)
		if r.table.Policies = policies; err != nil {
			r.table.PoliciesUnknown = err.Error()
		}
	}
	for _, i := range e.rows(func(row Row) bool { return e.Found(row) == probe.WrongAnswer }) {
		r.owners(ctx, r.table.Rows[i].Address.Addr().String())
	}
}

// policies are the names of the NetworkPolicies that select the target for ingress.
func (r *podRun) policies(ctx context.Context) ([]string, error) {
	t := r.table.Target
	pod, err := r.client.CoreV1().Pods(t.Namespace).Get(ctx, t.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	list, err := r.client.NetworkingV1().NetworkPolicies(t.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range list.Items {
		if diagnose.Restricts(&p, pod, networkingv1.PolicyTypeIngress) {
			names = append(names, p.Name)
		}
	}
	return names, nil
}

// owners notes which other Pods have an address, in all namespaces where that is
// permitted, and what the target's neighbours answer: traffic goes astray within a
// namespace most often.
func (r *podRun) owners(ctx context.Context, address string) {
	for namespace, having := range map[string]fields.Selector{
		metav1.NamespaceAll:      fields.OneTermEqualSelector("status.podIP", address),
		r.table.Target.Namespace: fields.Everything(),
	} {
		list, err := r.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{FieldSelector: having.String()})
		if err != nil {
			continue // then none is named
		}
		for _, pod := range list.Items {
			if pod.Name != r.table.Target.Name || pod.Namespace != r.table.Target.Namespace {
				r.owns(&pod, address)
			}
		}
	}
}

// owns notes that a Pod has the address, if it does, and what it answers.
func (r *podRun) owns(pod *corev1.Pod, address string) {
	owner := fmt.Sprintf("pod %q of namespace %q on %s", pod.Name, pod.Namespace, pod.Spec.NodeName)
	if slices.ContainsFunc(pod.Status.PodIPs, func(ip corev1.PodIP) bool { return ip.IP == address }) {
		r.table.Owners[address] = owner
	}
	if version := versionOf(pod); version != "" {
		r.table.Owners[version] = owner
	}
}
