package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// wait performs `kubectl wait`: same flags, same meaning, same output, but it
// ends at once, with a diagnosis, when the condition can no longer come true, and
// not while an image is being pulled: how long that takes says nothing about the page.
func (r *attempt) wait(ctx context.Context, args []string, emit func(Body)) (kubectl.Result, *failure) {
	w, err := parseWait(args)
	if err != nil {
		return kubectl.Result{}, &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun}
	}
	ctx, cancel := wait.WithTimeoutUnless(ctx, cmp.Or(w.timeout, time.Minute), func() (bool, <-chan struct{}) { return r.watcher.pulling(r.part) })
	defer cancel()
	var done strings.Builder
	var unplaced *failure
	targets, f := r.targets(ctx, w)
	if f != nil {
		return kubectl.Result{}, f
	}
	for _, target := range targets {
		for _, g := range w.goals {
			f := r.waitFor(ctx, w, g, target, emit)
			if f != nil && f.harmless() {
				r.unplaced.Store(target.name, f.cause)
				unplaced = f
				break
			}
			if f != nil {
				return kubectl.Result{}, f
			}
			fmt.Fprintf(&done, "%s condition met\n", target) // as kubectl prints it
		}
	}
	res := kubectl.Result{Stdout: done.String()}
	emit(Output{Stdout: res.Stdout})
	return res, unplaced
}

// waitTarget is an object that a wait is for.
type waitTarget struct {
	client dynamic.ResourceInterface
	kind   schema.GroupKind
	name   string
}

// String is the object as kubectl prints it: KIND/NAME or KIND.GROUP/NAME.
func (t waitTarget) String() string {
	kind := schema.GroupKind{Group: t.kind.Group, Kind: strings.ToLower(t.kind.Kind)}
	return kind.String() + "/" + t.name
}

// createLook is how often it is looked whether a selector finds something yet, as kubectl does.
const createLook = 500 * time.Millisecond

// targets are the objects that a wait is for: those that it names, or those of its types
// that its selector finds, now or, with --for=create, when there are some.
func (r *attempt) targets(ctx context.Context, w *waitCommand) (targets []waitTarget, f *failure) {
	looks := time.NewTicker(createLook)
	defer looks.Stop()
	for {
		targets, err := r.targetsNow(ctx, w)
		if err == nil && len(targets) == 0 && !w.deletion() {
			err = fmt.Errorf("kubectl wait: %s: no matching resources found", strings.Join(w.objects, ", "))
			if w.creation {
				select {
				case <-looks.C:
					continue
				case <-ctx.Done():
				}
			}
		}
		if err != nil {
			return nil, &failure{err: err.Error(), cause: r.causeOf(err), verdict: v1alpha1.CouldNotRun}
		}
		return targets, nil
	}
}

func (r *attempt) targetsNow(ctx context.Context, w *waitCommand) (targets []waitTarget, err error) {
	for _, object := range w.objects {
		resource, name, named := strings.Cut(object, "/")
		client, kind, err := r.resource(resource)
		if err != nil {
			return nil, err
		}
		if named {
			targets = append(targets, waitTarget{client, kind, name})
			continue
		}
		list, err := client.List(ctx, metav1.ListOptions{LabelSelector: w.Text("selector")})
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			targets = append(targets, waitTarget{client, kind, list.Items[i].GetName()})
		}
	}
	return targets, nil
}

func (r *attempt) waitFor(ctx context.Context, w *waitCommand, g waitGoal, target waitTarget, emit func(Body)) *failure {
	watched := &waiter{run: r, wait: w, goal: g, target: target, emit: emit, shown: troubles{emit, map[string]bool{}}}
	err := wait.ForAlso(ctx, target.client, target.name, func(obj *unstructured.Unstructured) (bool, error) { return watched.judge(ctx, obj) },
		func() <-chan struct{} { return watched.next(ctx) })
	if err == nil {
		return nil
	}
	return watched.failure(ctx, err)
}

// waiter is a wait for one object.
type waiter struct {
	run    *attempt
	wait   *waitCommand
	goal   waitGoal
	target waitTarget
	emit   func(Body)

	last  *unstructured.Unstructured
	state string
	// changed is when the object was seen to change last.
	changed time.Time
	shown   troubles
}

const (
	// nodeLook is after how long without a change the Node of a Pod is looked at: one
	// that is lost is no change of a Pod that has never been Ready.
	nodeLook = 3 * time.Second
	// pullLook is after how long a pull is shown.
	pullLook = time.Second
)

// next is closed at the next change of the Pod, at the next Event about it, and when
// it is time to look at its Node.
func (w *waiter) next(ctx context.Context) <-chan struct{} {
	name := w.target.name
	before := w.run.watcher.changesOf(name)
	return w.run.watcher.nextLook(ctx, func() bool { return w.run.watcher.changesOf(name) != before }).Done()
}

// judge decides on a state of the object, and reports it.
func (w *waiter) judge(ctx context.Context, obj *unstructured.Unstructured) (bool, error) {
	if w.last == nil || obj == nil || obj.GetResourceVersion() != w.last.GetResourceVersion() {
		w.changed = time.Now()
	}
	w.last = obj
	pod := asPod(obj)
	if done, err := w.goal.met(obj); done || err != nil {
		return done, err
	}
	if obj == nil && w.run.userSkipped.Load() {
		return false, errors.New("it does not exist, and a command that may create it was skipped")
	}
	if obj == nil && w.state == "" && !w.wait.creation {
		return false, errors.New("it does not exist, and without --for=create it must")
	}
	if w.wait.timeout == 0 {
		return false, errors.New("it has not, and --timeout=0 allows no wait")
	}
	if now := describe(obj); now != w.state {
		w.state = now
		w.emit(Waiting{For: fmt.Sprintf("%s %s", w.target, w.goal.what), State: now})
	}
	if w.wait.deletion() {
		return false, nil
	}
	if pod == nil {
		if c := w.run.controllerFailure(w.shown); c != nil {
			return false, c
		}
		return false, nil
	}
	c, _ := w.run.causeAfter(ctx, pod, time.Since(w.changed))
	err := c.Verdict(w.run.opts.FailFast)
	if c == nil || !c.Ends(w.run.opts.FailFast) {
		w.shown.show(c)
	}
	return false, err
}

// failure reports why the wait ended without success.
func (w *waiter) failure(ctx context.Context, err error) *failure {
	f := &failure{err: fmt.Sprintf("%s cannot become %s", w.target, w.goal.what), verdict: v1alpha1.CouldNotRun}
	if f.cause = w.run.causeOf(err); f.cause == nil {
		f.err = fmt.Sprintf("%s did not become %s: %v", w.target, w.goal.what, err)
		if w.state != "" {
			f.err += "; last seen: " + w.state
		}
		if pod := asPod(w.last); pod != nil {
			f.cause = w.run.causeOfPod(context.WithoutCancel(ctx), pod, true)
		}
	}
	if f.cause != nil && f.cause.Harmless {
		return notApplicable(f.cause)
	}
	if f.cause != nil && f.cause.Workload {
		f.verdict = v1alpha1.ClaimFailed
	}
	return f
}

// resource returns the client of a resource as kubectl's users name it, pod, pods, po or
// deployments.apps, and its kind.
func (r *runner) resource(name string) (dynamic.ResourceInterface, schema.GroupKind, error) {
	mapper, err := r.ToRESTMapper()
	if err != nil {
		return nil, schema.GroupKind{}, err
	}
	gvk, err := mapper.KindFor(schema.ParseGroupResource(name).WithVersion(""))
	if err != nil {
		return nil, schema.GroupKind{}, err
	}
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, schema.GroupKind{}, err
	}
	client := r.Session.Client().Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return client.Namespace(r.Session.Namespace), gvk.GroupKind(), nil
	}
	if !r.opts.AllowClusterScope {
		return nil, schema.GroupKind{}, fmt.Errorf("%s are cluster-scoped%s", mapping.Resource.GroupResource(), scopeHint)
	}
	return client, gvk.GroupKind(), nil
}

// describe says in a few words where an object stands.
func describe(obj *unstructured.Unstructured) string {
	if obj == nil {
		return "not found"
	}
	pod := asPod(obj)
	if pod == nil {
		return "not yet"
	}
	words := []string{string(pod.Status.Phase)}
	for _, s := range pod.Status.ContainerStatuses {
		if s.State.Waiting != nil && s.State.Waiting.Reason != "" {
			words = append(words, s.Name+": "+s.State.Waiting.Reason)
		}
	}
	return strings.Join(words, ", ")
}

func asPod(obj *unstructured.Unstructured) *corev1.Pod {
	if obj == nil || obj.GroupVersionKind() != corev1.SchemeGroupVersion.WithKind("Pod") {
		return nil
	}
	pod := &corev1.Pod{}
	if err := fromUnstructured(obj, pod); err != nil {
		return nil
	}
	return pod
}
