package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/kubectl/pkg/cmd/get"

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
	ctx, cancel := wait.WithTimeoutUnless(ctx, w.timeout, func() (bool, <-chan struct{}) { return r.watcher.pulling(r.part) })
	defer cancel()
	var done strings.Builder
	var unplaced *failure
	targets, f := r.targets(ctx, w)
	if f != nil {
		return kubectl.Result{}, f
	}
	for _, target := range targets {
		f := r.waitFor(ctx, w, target, emit)
		if f != nil && f.harmless() {
			_, name, _ := strings.Cut(target, "/")
			r.unplaced.Store(name, f.cause)
			unplaced = f
			continue
		}
		if f != nil {
			return kubectl.Result{}, f
		}
		fmt.Fprintf(&done, "%s condition met\n", target) // as kubectl prints it
	}
	res := kubectl.Result{Stdout: done.String()}
	emit(Output{Stdout: res.Stdout})
	return res, unplaced
}

// targets are the objects that a wait is for: those that it names, or those that its
// selector finds now.
func (r *attempt) targets(ctx context.Context, w *waitCommand) ([]string, *failure) {
	if w.selector == "" {
		return w.objects, nil
	}
	cannot := func(err error) *failure {
		return &failure{err: err.Error(), cause: r.causeOf(err), verdict: v1alpha1.CouldNotRun}
	}
	client, err := r.resource(w.objects[0])
	if err != nil {
		return nil, cannot(err)
	}
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: w.selector})
	if err != nil {
		return nil, cannot(err)
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, w.objects[0]+"/"+item.GetName())
	}
	if len(names) == 0 {
		return nil, cannot(fmt.Errorf("kubectl wait: no %s match the selector %s", w.objects[0], w.selector))
	}
	return names, nil
}

func (r *attempt) waitFor(ctx context.Context, w *waitCommand, target string, emit func(Body)) *failure {
	kind, name, _ := strings.Cut(target, "/")
	client, err := r.resource(kind)
	if err != nil {
		return &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun}
	}
	watched := &waiter{run: r, wait: w, target: target, emit: emit, shown: troubles{emit, map[string]bool{}}}
	err = wait.ForAlso(ctx, client, name, func(obj *unstructured.Unstructured) (bool, error) { return watched.judge(ctx, obj) },
		func() <-chan struct{} { return watched.next(ctx, name) })
	if err == nil {
		return nil
	}
	return watched.failure(ctx, err)
}

// waiter is a wait for one object.
type waiter struct {
	run    *attempt
	wait   *waitCommand
	target string
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
func (w *waiter) next(ctx context.Context, name string) <-chan struct{} {
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
	if done, err := w.wait.goal(obj); done || err != nil {
		return done, err
	}
	if obj == nil && w.run.userSkipped.Load() {
		return false, errors.New("it does not exist, and a command that may create it was skipped")
	}
	if now := describe(obj); now != w.state {
		w.state = now
		w.emit(Waiting{For: w.target + " " + w.wait.what, State: now})
	}
	if w.wait.deletion {
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
	f := &failure{err: fmt.Sprintf("%s cannot become %s", w.target, w.wait.what), verdict: v1alpha1.CouldNotRun}
	if f.cause = w.run.causeOf(err); f.cause == nil {
		f.err = fmt.Sprintf("%s did not become %s: %v", w.target, w.wait.what, err)
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

// resource returns the client of a resource as kubectl's users name it: pod,
// pods, po, deployments.apps.
func (r *runner) resource(name string) (dynamic.ResourceInterface, error) {
	mapper, err := r.ToRESTMapper()
	if err != nil {
		return nil, err
	}
	gvk, err := mapper.KindFor(schema.ParseGroupResource(name).WithVersion(""))
	if err != nil {
		return nil, err
	}
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	client := r.Session.Client().Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return client.Namespace(r.Session.Namespace), nil
	}
	if !r.opts.AllowClusterScope {
		return nil, fmt.Errorf("%s are cluster-scoped%s", mapping.Resource.GroupResource(), scopeHint)
	}
	return client, nil
}

// waitCommand are the arguments of a `kubectl wait`.
type waitCommand struct {
	// objects are TYPE/NAME, or, with a selector, one TYPE.
	objects  []string
	selector string
	what     string // "Ready", "deleted": for messages
	goal     wait.Condition
	timeout  time.Duration
	// deletion: a Pod that has failed is on its way out all the same.
	deletion bool
}

// flags are those of `kubectl wait`, with their defaults.
func (w *waitCommand) flags() (flags *pflag.FlagSet, goal *string) {
	flags = pflag.NewFlagSet("kubectl wait", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	goal = flags.String("for", "", "")
	flags.DurationVar(&w.timeout, "timeout", 30*time.Second, "") // kubectl's default
	flags.StringVarP(&w.selector, "selector", "l", "", "")
	return flags, goal
}

// wordError reports what is wrong with a word of a `kubectl wait`, or with a part
// of one.
type wordError struct{ word, text string }

func (e wordError) Error() string { return "kubectl wait: " + e.text }

func parseWait(args []string) (*waitCommand, error) {
	w := &waitCommand{}
	flags, goal := w.flags()
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("kubectl wait: %w", err)
	}
	if w.timeout < 0 {
		w.timeout = 7 * 24 * time.Hour // as kubectl has it
	}
	w.objects = flags.Args()
	if w.selector != "" && (len(w.objects) != 1 || strings.Contains(w.objects[0], "/")) {
		return nil, wordError{w.selector, fmt.Sprintf("-l %s: expected one TYPE beside a selector, found %s", w.selector, strings.Join(w.objects, " "))}
	}
	for _, target := range w.objects {
		if w.selector != "" {
			break
		}
		if kind, name, ok := strings.Cut(target, "/"); !ok || kind == "" || name == "" {
			return nil, wordError{target, "expected TYPE/NAME, found " + strconv.Quote(target)}
		}
	}
	if len(w.objects) == 0 {
		return nil, errors.New("kubectl wait: expected TYPE/NAME, found none")
	}
	if *goal == "delete" {
		w.goal, w.what, w.deletion = wait.Deleted, "deleted", true
		return w, nil
	}
	if path, ok := strings.CutPrefix(*goal, "jsonpath="); ok {
		return w, w.jsonPath(path)
	}
	condition, ok := strings.CutPrefix(*goal, "condition=")
	if !ok || condition == "" {
		return nil, wordError{*goal, fmt.Sprintf("--for: expected condition=NAME[=VALUE], jsonpath={EXPRESSION}[=VALUE] or delete, found %q", *goal)}
	}
	name, value, given := strings.Cut(condition, "=")
	w.what = name
	if !given {
		value = "True"
	} else {
		w.what += "=" + value
	}
	w.goal = wait.StatusCondition(name, value)
	return w, nil
}

// jsonPath takes {EXPRESSION}[=VALUE] for the goal.
func (w *waitCommand) jsonPath(path string) error {
	end := strings.LastIndexByte(path, '}') + 1
	value, given := strings.CutPrefix(path[end:], "=")
	if end == 0 || given && value == "" || !given && value != "" {
		return wordError{path, fmt.Sprintf("--for: expected jsonpath={EXPRESSION}[=VALUE], found jsonpath=%s", path)}
	}
	expression, err := get.RelaxedJSONPathExpression(path[:end])
	if err != nil {
		return wordError{path, "--for: " + err.Error()}
	}
	w.what = path
	w.goal, err = wait.JSONPath(expression, strings.Trim(value, `'"`))
	if err != nil {
		return wordError{path, "--for: " + err.Error()}
	}
	return nil
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
