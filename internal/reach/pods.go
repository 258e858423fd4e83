package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/util/podutils"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Env is where a run works: a session that its caller has opened and closes, and the
// image of its Pods.
type Env struct {
	*run.Environment
	// Image serves, with Python 3, and probes, with curl.
	Image string
	// Progress, where it is not nil, is called at any time, by one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	// Notice is what a user should know at once, or "": then nothing else is set.
	Notice string
	// Stage is what goes on, such as "starting pods".
	Stage       string
	Done, Total int
	// Failing is how many pairs fail so far.
	Failing int
}

func (p Progress) String() string {
	text := p.Stage
	if p.Total > 0 {
		text += fmt.Sprintf(": %d of %d", p.Done, p.Total)
	}
	if p.Failing > 0 {
		text += fmt.Sprintf(", %d failing", p.Failing)
	}
	return text
}

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
	creates chan struct{} // slots
	states  states[corev1.Pod]
	// watch follows the states, from the first Pod that is waited for on; unwatched is
	// closed when it ends, as it does where it is not permitted.
	watch     func()
	unwatched chan struct{}
	mu        sync.Mutex // of Progress
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
	p := &pods{
		env: env, config: cfg, client: client, creates: make(chan struct{}, createsMax), unwatched: make(chan struct{}),
		kubectl: kubectl.New(env.Clients, env.Session.Namespace, env.Session.Wrap),
		patch:   env.Patch,
	}
	p.watch = sync.OnceFunc(func() {
		go func() {
			defer close(p.unwatched)
			env.Session.WatchMarkedPods(ctx, p.see)
		}()
	})
	return p, nil
}

// see notes the state of a Pod.
func (p *pods) see(obj *unstructured.Unstructured) {
	pod := &corev1.Pod{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, pod); err == nil {
		p.states.set(pod.Name, pod)
	}
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
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			TerminationGracePeriodSeconds: new(int64(1)),
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
	return p.await(ctx, pod.Name, podutils.IsPodReady)
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

// await waits until a Pod of the run is as it should be, and returns it. The error ends
// with what to do, where it wraps a Cause.
func (p *pods) await(ctx context.Context, name string, done func(*corev1.Pod) bool) (*corev1.Pod, error) {
	ctx, cancel := wait.WithTimeout(ctx, podTimeout)
	defer cancel()
	p.watch()
	for {
		pod, changed := p.states.get(name)
		if pod != nil {
			if done(pod) {
				return pod, nil
			}
			if err := cannotTakePart(pod); err != nil {
				return nil, err
			}
		}
		select {
		case <-changed:
		case <-p.unwatched:
			return nil, fmt.Errorf("pod %q is not ready: the pods of namespace %q may not be watched", name, p.env.Session.Namespace)
		case <-ctx.Done():
			return nil, notReadyYet(name, pod, context.Cause(ctx))
		}
	}
}

// notReadyYet is the error of a wait that ended early; the Pod is nil where it was not seen.
func notReadyYet(name string, pod *corev1.Pod, err error) error {
	switch {
	case pod == nil || !errors.Is(err, wait.ErrTimeout):
		return fmt.Errorf("pod %q is not ready: %w", name, err)
	default:
		return fmt.Errorf("pod %q is not ready: %w: %w", name, err, condition(pod))
	}
}

// cannotTakePart is why a Pod cannot become ready any more, or nil. One that is bound to a
// node, or to all but one, and cannot be scheduled there has no other place to go.
func cannotTakePart(pod *corev1.Pod) error {
	if pod.DeletionTimestamp != nil {
		return fmt.Errorf("pod %q was deleted by someone else", pod.Name)
	}
	for _, c := range pod.Status.Conditions {
		if pod.Spec.Affinity != nil && c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
			return fmt.Errorf("pod %q is not scheduled: %s", pod.Name, c.Message)
		}
	}
	if cause := diagnose.Pod(pod); cause != nil && cause.Ends(true) {
		return condition(pod)
	}
	return nil
}

// condition is what a Pod waits for.
func condition(pod *corev1.Pod) error {
	if cause := diagnose.Pod(pod); cause != nil {
		return fmt.Errorf("%w; %s", cause, cause.Remedy)
	}
	return fmt.Errorf("its phase is %s", pod.Status.Phase)
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
