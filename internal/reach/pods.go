package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// podTimeout bounds the wait for a Pod: pulling an image is what takes long.
const podTimeout = 2 * time.Minute

// createsMax is how many Pods are created at a time; the client's own limit of requests
// per second holds too.
const createsMax = 32

// pods makes the Pods of a run, waits for them, and runs programs in them.
type pods struct {
	env     Env
	config  *rest.Config
	client  kubernetes.Interface
	kubectl *kubectl.Kubectl
	patch   podpatch.Patch
	watch   *podWatch
	creates chan struct{} // slots
	mu      sync.Mutex    // of Progress
}

// newPods is ready to make Pods until ctx ends.
func newPods(ctx context.Context, env Env) (*pods, error) {
	cfg, err := env.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	env.Session.Wrap(cfg)
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	selector := metav1.ListOptions{LabelSelector: session.RunLabel + "=" + env.Session.ID}
	return &pods{
		env: env, config: cfg, client: client, creates: make(chan struct{}, createsMax),
		kubectl: kubectl.New(env.Clients, env.Session.Namespace, env.Session.Wrap),
		patch:   podpatch.Patch{Hardened: env.Hardened, PullSecret: env.PullSecret},
		watch: newPodWatch(ctx, func(ctx context.Context) (watch.Interface, error) {
			return client.CoreV1().Pods(env.Session.Namespace).Watch(ctx, selector)
		}),
	}, nil
}

// progress reports how far the run is.
func (p *pods) progress(now Progress) {
	if p.env.Progress == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.env.Progress(now)
}

// service is the container that is probed, with a version of its own.
func (p *pods) service(port uint16) corev1.Container {
	return ServiceContainer(serviceContainer, p.env.Image, p.env.Session.ID+"-"+rand.String(12), port)
}

// newPod returns a Pod that is not created yet.
func (p *pods) newPod(name string, containers ...corev1.Container) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("reach-%s-%s", name, p.env.Session.ID)},
		Spec: corev1.PodSpec{
			Containers:                    containers,
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  ptr.To(false),
			EnableServiceLinks:            ptr.To(false),
			TerminationGracePeriodSeconds: ptr.To(int64(1)),
		},
	}
}

// on has a Pod run on a node, or on any other one, as a DaemonSet does: the scheduler
// decides, and says why where it cannot.
func on(pod *corev1.Pod, node string, operator corev1.NodeSelectorOperator) {
	pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: operator, Values: []string{node}}},
		}}},
	}}
}

// start creates a Pod, and returns it when it is ready. The error says why it cannot
// take part.
func (p *pods) start(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, error) {
	if err := p.create(ctx, pod); err != nil {
		return nil, err
	}
	return p.await(ctx, pod.Name, isReady)
}

// create gives a Pod what the cluster's policy requires, and creates it.
func (p *pods) create(ctx context.Context, pod *corev1.Pod) error {
	p.creates <- struct{}{}
	defer func() { <-p.creates }()
	err := p.patch.Pod(pod)
	if err == nil {
		_, err = p.client.CoreV1().Pods(p.env.Session.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	}
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Errorf("pod %q is not permitted: %w", pod.Name, err)
	case err != nil:
		return fmt.Errorf("pod %q could not be created: %w", pod.Name, err)
	}
	return nil
}

// await waits until a Pod of the run is as it should be, and returns it.
func (p *pods) await(ctx context.Context, name string, done func(*corev1.Pod) bool) (*corev1.Pod, error) {
	ctx, cancel := wait.WithTimeout(ctx, podTimeout)
	defer cancel()
	var pod *corev1.Pod
	var hopeless error
	err := p.watch.await(ctx, name, func(state *corev1.Pod) bool {
		if pod = state; pod != nil && done(pod) {
			return true
		}
		hopeless = cannotTakePart(name, pod)
		return hopeless != nil
	})
	switch {
	case hopeless != nil:
		return nil, hopeless
	case errors.Is(err, wait.ErrTimeout) && pod != nil:
		return nil, fmt.Errorf("pod %q is not ready: %w: %s", name, err, condition(pod))
	case err != nil:
		return nil, fmt.Errorf("pod %q is not ready: %w", name, err)
	}
	return pod, nil
}

// cannotTakePart is why a Pod, which is nil where it was deleted, cannot become ready
// any more, or nil. One that is bound to a node, or to all but one, and cannot be
// scheduled there has no other place to go.
func cannotTakePart(name string, pod *corev1.Pod) error {
	if pod == nil {
		return fmt.Errorf("pod %q was deleted by someone else", name)
	}
	for _, c := range pod.Status.Conditions {
		if pod.Spec.Affinity != nil && c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
			return fmt.Errorf("pod %q is not scheduled: %s", name, c.Message)
		}
	}
	if cause := diagnose.Pod(pod); cause != nil && cause.Ends(false) {
		return fmt.Errorf("%w; %s", cause, cause.Remedy)
	}
	return nil
}

// condition is what a Pod waits for.
func condition(pod *corev1.Pod) string {
	if cause := diagnose.Pod(pod); cause != nil {
		return cause.Error() + "; " + cause.Remedy
	}
	return fmt.Sprintf("its phase is %s", pod.Status.Phase)
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// addresses are those of a Pod, at most one per family.
func addresses(pod *corev1.Pod) (list []netip.Addr) {
	for _, ip := range pod.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil {
			list = append(list, a.Unmap())
		}
	}
	return list
}
