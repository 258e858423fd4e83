package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// ShellImage is the short name of the image of all Pods, and ShellReference that of the
// examples: it serves with Python 3 and probes with curl.
const (
	ShellImage     = "shell"
	ShellReference = "quay.io/centos/centos:stream9"
)

// Env is where a run works: a session that its caller has opened and closes. Its Image is the
// shell image.
type Env struct {
	*run.Environment
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
	creates chan struct{} // slots
	// patch is what admission requires of the Pods. readmit looks at it again: controllers may
	// label the Namespace after the run has begun.
	patch   atomic.Pointer[podpatch.Patch]
	readmit func()
	states  states[diagnose.Evidence]
	// watch follows the states, from the first Pod that is waited for on; unwatched is
	// set when it ends, as it does where it is not permitted.
	watch     func()
	unwatched atomic.Bool
	noticed   sync.Map   // what Causes say
	mu        sync.Mutex // of Progress
}

// newPods is ready to make Pods until ctx ends.
func newPods(ctx context.Context, env Env) (*pods, error) {
	cfg := rest.CopyConfig(env.Config)
	env.Session.Wrap(cfg)
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	p := &pods{
		env: env, config: cfg, client: client, creates: make(chan struct{}, createsMax),
		kubectl: kubectl.New(env.Clients, env.Session.Namespace, env.Session.Wrap),
	}
	patch := env.Patch
	p.patch.Store(&patch)
	p.readmit = sync.OnceFunc(func() {
		if env.Admit(ctx) {
			patch := env.Patch
			p.patch.Store(&patch)
		}
	})
	p.watch = sync.OnceFunc(func() {
		// Where Events may not be watched, less is known of what keeps a Pod from being Ready.
		go env.Session.WatchEvents(ctx, p.seeEvent)
		go func() {
			env.Session.WatchMarkedPods(ctx, p.seePod)
			p.unwatched.Store(true)
			p.states.wake()
		}()
	})
	return p, nil
}

// hardened: the Pods meet the Pod Security Standard restricted.
func (p *pods) hardened() bool { return p.patch.Load().Hardened }

func (p *pods) seePod(pod *corev1.Pod) {
	p.states.change(pod.Name, func(last *diagnose.Evidence) *diagnose.Evidence {
		now := diagnose.Evidence{Pod: pod}
		if last != nil {
			now.Events = last.Events
		}
		return &now
	})
}

func (p *pods) seeEvent(event *corev1.Event) {
	if event.InvolvedObject.Kind != "Pod" {
		return
	}
	p.states.change(event.InvolvedObject.Name, func(last *diagnose.Evidence) *diagnose.Evidence {
		now := diagnose.Evidence{}
		if last != nil {
			now = *last
		}
		now.Events = slices.DeleteFunc(slices.Clone(now.Events), func(other corev1.Event) bool { return other.UID == event.UID })
		now.Events = append(now.Events, *event)
		return &now
	})
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
	patch := p.patch.Load()
	err := p.createWith(ctx, pod, patch)
	if apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) {
		if p.readmit(); p.patch.Load() != patch {
			err = p.createWith(ctx, pod, p.patch.Load())
		}
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("pod %q is not permitted: %w", pod.Name, p.explained(err, ""))
	case err != nil:
		return fmt.Errorf("pod %q could not be created: %w", pod.Name, p.explained(err, ""))
	}
	return nil
}

func (p *pods) createWith(ctx context.Context, pod *corev1.Pod, patch *podpatch.Patch) error {
	pod = pod.DeepCopy()
	if err := patch.Pod(pod); err != nil {
		return err
	}
	_, err := p.client.CoreV1().Pods(p.env.Session.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	return err
}

// explained is an error of a request with its Cause and what to do, where these are known. The
// node is the one that the request is about, or "".
func (p *pods) explained(err error, node string) error {
	connection := p.env.Connection()
	connection.Node = node
	if cause := connection.Error(err); cause != nil {
		return withRemedy(cause)
	}
	return err
}

func withRemedy(c *diagnose.Cause) error { return fmt.Errorf("%w; %s", c, c.Remedy) }

// pullLook is after how long a user is shown that an image is still being pulled.
const pullLook = 3 * time.Second

// await waits until a Pod of the run is as it should be, and returns it; not while its image
// is being pulled does the wait time out. The error ends with what to do, where it wraps a
// Cause.
func (p *pods) await(ctx context.Context, name string, done func(*corev1.Pod) bool) (*corev1.Pod, error) {
	ctx, cancel := wait.WithTimeoutUnless(ctx, podTimeout, func() (bool, <-chan struct{}) {
		e, changed := p.states.get(name)
		return e != nil && e.Pod != nil && e.Pulling() != nil, changed
	})
	defer cancel()
	p.watch()
	begin := time.Now()
	look := time.AfterFunc(pullLook, p.states.wake)
	defer look.Stop()
	var pod *corev1.Pod
	err := wait.Until(ctx, p.states.next(name), func() (bool, error) {
		e, _ := p.states.get(name)
		switch {
		case ctx.Err() == nil && p.unwatched.Load():
			return false, fmt.Errorf("pod %q is not ready: the pods of namespace %q may not be watched", name, p.env.Session.Namespace)
		case e == nil || e.Pod == nil:
			return false, nil
		}
		if pod = e.Pod; done(pod) {
			return true, nil
		}
		if time.Since(begin) >= pullLook {
			p.notice(e.Pulling())
		}
		return false, p.cannotTakePart(*e)
	})
	switch cause, known := errors.AsType[*diagnose.Cause](err); {
	case err == nil:
		return pod, nil
	case known:
		return nil, withRemedy(cause)
	case errors.Is(err, context.Cause(ctx)):
		return nil, p.notReadyYet(name, pod, err)
	default:
		return nil, err
	}
}

// notReadyYet is the error of a wait that ended early; the Pod is nil where it was not seen.
func (p *pods) notReadyYet(name string, pod *corev1.Pod, err error) error {
	if pod == nil || !errors.Is(err, wait.ErrTimeout) {
		return fmt.Errorf("pod %q is not ready: %w", name, err)
	}
	e, _ := p.states.get(name)
	return fmt.Errorf("pod %q is not ready: %w: %w", name, err, condition(*e))
}

// condition is what a Pod waits for.
func condition(e diagnose.Evidence) error {
	if cause := e.Cause(); cause != nil {
		return withRemedy(cause)
	}
	return fmt.Errorf("its phase is %s", e.Pod.Status.Phase)
}

// cannotTakePart is why a Pod cannot become ready any more, or nil. One that is bound to a
// node, or to all but one, and cannot be scheduled there has no other place to go. What may
// pass by itself is shown.
func (p *pods) cannotTakePart(e diagnose.Evidence) error {
	if e.Pod.DeletionTimestamp != nil {
		return fmt.Errorf("pod %q was deleted by someone else", e.Pod.Name)
	}
	for _, c := range e.Pod.Status.Conditions {
		if e.Pod.Spec.Affinity != nil && c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
			return fmt.Errorf("pod %q is not scheduled: %s", e.Pod.Name, c.Message)
		}
	}
	cause := e.Cause()
	if cause != nil && !cause.Ends(true) {
		p.notice(cause)
	}
	return cause.Verdict(true)
}

// notice shows a Cause that may pass; of many pods and nodes, the first.
func (p *pods) notice(c *diagnose.Cause) {
	if c == nil {
		return
	}
	what := nodeName.ReplaceAllLiteralString(podName.ReplaceAllLiteralString(c.What, ""), "")
	if _, known := p.noticed.LoadOrStore(what, true); !known {
		p.progress(Progress{Notice: c.Error() + "\nStill waiting: this may resolve itself."})
	}
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
