package reach

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/kubectl/pkg/util/podutils"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// lookUp reads from the cluster what explains rows that are not as expected.
func (r *podRun) lookUp(ctx context.Context) {
	e := newExplanation(r.table)
	t := &r.table.Target
	isSilent := len(e.rows(func(row Row) bool { return e.failed(row) && e.silent(row) })) > 0
	if t.Existing || isSilent {
		pod, err := r.client.CoreV1().Pods(t.Namespace).Get(ctx, t.Name, metav1.GetOptions{})
		if t.Existing {
			t.Cause = r.unready(ctx, pod, err)
			r.table.excuseContainer()
		}
		if isSilent && err == nil {
			r.table.Policies, err = r.policies(ctx, pod, networkingv1.PolicyTypeIngress)
		}
		if isSilent && err == nil && r.sender != nil {
			r.table.EgressPolicies, err = r.policies(ctx, r.sender, networkingv1.PolicyTypeEgress)
		}
		if isSilent && err != nil {
			r.table.PoliciesUnknown = err.Error()
		}
	}
	for _, i := range e.rows(func(row Row) bool { return e.Found(row) == probe.WrongAnswer }) {
		r.owners(ctx, r.table.Rows[i].Address.Addr().String())
	}
}

// excuseContainer: that nothing can run in the container that keeps the target from being Ready is
// no other fault.
func (t *Table) excuseContainer() {
	for i := range t.Rows {
		if c := t.Target.Cause; c != nil && c.Container != "" && t.Rows[i].Caller == "container "+c.Container {
			t.Rows[i].Cause = nil
		}
	}
}

// unready is what keeps the target, as it was read, from being Ready, or nil.
func (r *podRun) unready(ctx context.Context, pod *corev1.Pod, err error) *diagnose.Cause {
	t := r.table.Target
	others := fmt.Sprintf("probe another pod: kubectl get pods -n %s", t.Namespace)
	switch {
	case apierrors.IsNotFound(err):
		return &diagnose.Cause{What: fmt.Sprintf("pod %q was deleted during the run", t.Name), Why: err.Error(), Remedy: others}
	case err != nil:
		return nil
	case pod.DeletionTimestamp != nil:
		return &diagnose.Cause{
			What: fmt.Sprintf("pod %q is being deleted", t.Name), Remedy: others,
			Why: "its grace period ends at " + pod.DeletionTimestamp.UTC().Format(time.RFC3339),
		}
	case podutils.IsPodReady(pod):
		return nil
	}
	reader := r.env.Evidence
	reader.Namespace = pod.Namespace
	events, _ := reader.Events(ctx, pod) // without them less is known
	return ofUser(diagnose.Evidence{Pod: pod, Events: events})
}

// policies are the names of the NetworkPolicies that select a Pod for a direction.
func (p *pods) policies(ctx context.Context, pod *corev1.Pod, direction networkingv1.PolicyType) ([]string, error) {
	list, err := p.client.NetworkingV1().NetworkPolicies(pod.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, policy := range list.Items {
		if diagnose.Restricts(&policy, pod, direction) {
			names = append(names, policy.Name)
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
