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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// wait performs `kubectl wait`: same flags, same meaning, same output, but it
// ends at once, with a diagnosis, when the condition can no longer come true.
func (r *runner) wait(ctx context.Context, args []string, emit func(Body)) (kubectl.Result, *failure) {
	w, err := parseWait(args)
	if err != nil {
		return kubectl.Result{}, &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun}
	}
	ctx, cancel := wait.WithTimeout(ctx, w.timeout)
	defer cancel()
	var done strings.Builder
	for _, target := range w.targets {
		if f := r.waitFor(ctx, w, target, emit); f != nil {
			return kubectl.Result{}, f
		}
		fmt.Fprintf(&done, "%s %s\n", target, w.outcome)
	}
	res := kubectl.Result{Stdout: done.String()}
	emit(Output{Stdout: res.Stdout})
	return res, nil
}

func (r *runner) waitFor(ctx context.Context, w *waitCommand, target string, emit func(Body)) *failure {
	kind, name, _ := strings.Cut(target, "/")
	client, err := r.resource(kind)
	if err != nil {
		return &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun}
	}
	watched := &waiter{run: r, wait: w, target: target, emit: emit, told: map[string]bool{}}
	err = wait.ForAlso(ctx, client, name, func(obj *unstructured.Unstructured) (bool, error) { return watched.judge(ctx, obj) },
		func() <-chan struct{} { return watched.next(ctx, name) })
	if err == nil {
		return nil
	}
	return watched.failure(ctx, err)
}

// waiter is a wait for one object.
type waiter struct {
	run    *runner
	wait   *waitCommand
	target string
	emit   func(Body)

	last  *unstructured.Unstructured
	state string
	// changed is when the object was seen to change last.
	changed time.Time
	told    map[string]bool // of the Causes that may pass
}

// nodeLook is after how long without a change the Node of a Pod is looked at: one
// that is lost is no change of a Pod that has never been Ready.
const nodeLook = 3 * time.Second

// next is closed at the next change of the Pod, at the next Event about it, and when
// it is time to look at its Node.
func (w *waiter) next(ctx context.Context, name string) <-chan struct{} {
	before, changed := w.run.watcher.changesOf(name)
	again := make(chan struct{})
	go func() {
		defer close(again)
		timer := time.NewTimer(nodeLook)
		defer timer.Stop()
		for now := before; now == before; now, changed = w.run.watcher.changesOf(name) {
			select {
			case <-changed:
			case <-timer.C:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return again
}

// judge decides on a state of the object, and tells of it.
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
	if pod == nil || w.wait.deletion {
		return false, nil
	}
	c := w.run.causeOfPod(ctx, pod, time.Since(w.changed) >= nodeLook)
	err := w.run.verdictOn(c)
	if err == nil && c != nil && !w.told[c.What] {
		w.told[c.What] = true
		w.emit(Trouble{c})
	}
	return false, err
}

// failure tells why the wait ended without success.
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
	gvr, err := mapper.ResourceFor(schema.ParseGroupResource(name).WithVersion(""))
	if err != nil {
		return nil, err
	}
	gvk, err := mapper.KindFor(gvr)
	if err != nil {
		return nil, err
	}
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	client := r.Session.Client().Resource(gvr)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return client.Namespace(r.Session.Namespace), nil
	}
	if !r.opts.AllowClusterScope {
		return nil, fmt.Errorf("%s are cluster-scoped%s", gvr.GroupResource(), scopeHint)
	}
	return client, nil
}

// waitCommand are the arguments of a `kubectl wait`.
type waitCommand struct {
	targets []string // TYPE/NAME
	what    string   // "Ready", "deleted": for messages
	outcome string   // what kubectl prints when it is reached
	goal    wait.Condition
	timeout time.Duration
	// deletion: a Pod that has failed is on its way out all the same.
	deletion bool
}

// flags are those of `kubectl wait`, with their defaults.
func (w *waitCommand) flags() (flags *pflag.FlagSet, goal *string) {
	flags = pflag.NewFlagSet("kubectl wait", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	goal = flags.String("for", "", "")
	flags.DurationVar(&w.timeout, "timeout", 30*time.Second, "") // kubectl's default
	return flags, goal
}

// wordError tells what is wrong with a word of a `kubectl wait`, or with a part
// of one.
type wordError struct{ word, text string }

func (e wordError) Error() string { return "kubectl wait: " + e.text }

func parseWait(args []string) (*waitCommand, error) {
	w := &waitCommand{}
	flags, goal := w.flags()
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("kubectl wait: %w", err)
	}
	for _, target := range flags.Args() {
		if kind, name, ok := strings.Cut(target, "/"); !ok || kind == "" || name == "" {
			return nil, wordError{target, "expected TYPE/NAME, found " + strconv.Quote(target)}
		}
	}
	if w.targets = flags.Args(); len(w.targets) == 0 {
		return nil, errors.New("kubectl wait: expected TYPE/NAME, found none")
	}
	if *goal == "delete" {
		w.goal, w.what, w.outcome, w.deletion = wait.Deleted, "deleted", "condition met", true
		return w, nil
	}
	condition, ok := strings.CutPrefix(*goal, "condition=")
	if !ok || condition == "" {
		return nil, wordError{*goal, fmt.Sprintf("--for: expected condition=NAME[=VALUE] or delete, found %q", *goal)}
	}
	name, value, given := strings.Cut(condition, "=")
	w.what = name
	if !given {
		value = "True"
	} else {
		w.what += "=" + value
	}
	w.goal, w.outcome = wait.StatusCondition(name, value), "condition met"
	return w, nil
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
