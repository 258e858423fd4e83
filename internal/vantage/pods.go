package vantage

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/service"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Containers of the run's Pods.
const (
	serviceContainer = "sise"
	shellContainer   = "shell"
)

// versionEnv tells the service which version to answer: a text that nobody else
// answers proves who did.
const versionEnv = "SIMPLE_SERVICE_VERSION"

// newTarget is the Pod that is asked: the service, and a sibling.
func (r *run) newTarget() *corev1.Pod {
	version := r.session.ID + "-" + rand.String(12)
	return r.newPod("target", service.Container(serviceContainer, r.opts.Image, version, r.opts.Port), r.shell())
}

// shell only asks. It serves nothing: in the network namespace of a node it must not
// take a port.
func (r *run) shell() corev1.Container {
	return corev1.Container{
		Name: shellContainer, Image: r.opts.Image, Command: []string{"sleep", "infinity"},
		// Enough for a quota that asks for requests, and too little to be turned away.
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("8Mi"),
		}},
	}
}

func (r *run) newPod(name string, containers ...corev1.Container) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("reach-%s-%s", name, r.session.ID)},
		Spec: corev1.PodSpec{
			Containers:                   containers,
			RestartPolicy:                corev1.RestartPolicyNever,
			AutomountServiceAccountToken: ptr.To(false),
			EnableServiceLinks:           ptr.To(false),
		},
	}
}

// create gives a Pod what the cluster's policy asks for, and creates it.
func (r *run) create(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, error) {
	if err := r.patch.Pod(pod); err != nil {
		return nil, err
	}
	return r.client.CoreV1().Pods(r.session.Namespace).Create(ctx, pod, metav1.CreateOptions{})
}

// podTimeout bounds the wait for a Pod: pulling an image is what takes long.
const podTimeout = 2 * time.Minute

// await waits until a Pod of the run is as it should be, and returns it. The error
// is a diagnosis where it cannot become so.
func (r *run) await(ctx context.Context, name string, done func(*corev1.Pod) bool) (*corev1.Pod, error) {
	ctx, cancel := wait.WithTimeout(ctx, podTimeout)
	defer cancel()
	pod := &corev1.Pod{}
	pods := r.session.Client().Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(r.session.Namespace)
	err := wait.For(ctx, pods, name, func(obj *unstructured.Unstructured) (bool, error) {
		if obj == nil {
			return false, fmt.Errorf("pod %q was deleted by somebody else", name)
		}
		pod = &corev1.Pod{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, pod); err != nil {
			return false, err
		}
		if done(pod) {
			return true, nil
		}
		if message := unschedulable(pod); message != "" {
			return false, fmt.Errorf("no node takes a pod for it: %s", message)
		}
		if c := diagnose.Pod(pod); c != nil && c.Ends(false) {
			return false, fmt.Errorf("%w; %s", c, c.Remedy)
		}
		return false, nil
	})
	if err != nil && ctx.Err() != nil && pod.Name != "" {
		err = fmt.Errorf("pod %q: %w: %s", name, err, state(pod))
	}
	return pod, err
}

// unschedulable is what the scheduler says of a Pod that has no other place to go
// than one node, or all but one.
func unschedulable(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if pod.Spec.Affinity != nil && c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
			return c.Message
		}
	}
	return ""
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func addresses(pod *corev1.Pod) []netip.Addr {
	var out []netip.Addr
	for _, ip := range pod.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// versionOf is what a Pod's environment has it answer, or "".
func versionOf(pod *corev1.Pod) string {
	for _, c := range pod.Spec.Containers {
		for _, env := range c.Env {
			if env.Name == versionEnv {
				return env.Value
			}
		}
	}
	return ""
}

// on has a Pod run on a node, or on any other one: the scheduler decides, and says
// why where it cannot.
func on(pod *corev1.Pod, node string, operator corev1.NodeSelectorOperator) {
	pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: operator, Values: []string{node}}},
		}}},
	}}
}
