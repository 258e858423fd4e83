package reach

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Options are what a user decides about a run.
type Options struct {
	// Image serves, with Python 3, and probes, with curl.
	Image string
	// PullSecret is the name of a Secret for the image's registry, or "".
	PullSecret string
	// Tolerate has pods run on tainted nodes too.
	Tolerate bool
	// Peers is how many others each node probes; 0 is all. Seed draws them.
	Peers int
	Seed  uint64
	// Slow is the median from which on a pair is Slow.
	Slow time.Duration
	// Progress, where it is not nil, is told how far the run is. It may be called
	// at any time, by one goroutine.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	// Stage is what goes on, such as "starting pods".
	Stage       string
	Done, Total int
	// Failing is how many pairs fail so far.
	Failing int
}

// podTimeout bounds the wait for the pods: pulling an image is what takes long.
const podTimeout = 2 * time.Minute

// creates is how many pods are created at a time; the client's own limit of
// requests per second holds too.
const creates = 32

// run is the state of a run.
type run struct {
	opts    Options
	session *session.Session
	kubectl *kubectl.Kubectl
	client  *corev1client.CoreV1Client
	patch   podpatch.Patch
	result  *Result
	nodes   []Node // those that have a pod, in the order of pods
	pods    []*pod
	begun   time.Time
}

// Run makes a pod on every node that can take one, has each probe the others, and
// returns what they found. The session is the caller's, and so is the removal
// of what Run made. The error is one that kept all of it from being done; what
// fails on one node is in the Result.
func Run(ctx context.Context, getter genericclioptions.RESTClientGetter, s *session.Session, opts Options) (*Result, error) {
	cfg, err := getter.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	s.Wrap(cfg)
	r := &run{opts: opts, session: s, kubectl: kubectl.New(getter, s.Namespace, s.Wrap), result: &Result{Slow: opts.Slow}, begun: time.Now()}
	if r.client, err = corev1client.NewForConfig(cfg); err != nil {
		return nil, err
	}
	r.patch = podpatch.Patch{Hardened: s.EnforcesRestricted(ctx), PullSecret: opts.PullSecret}
	r.result.Hardened = r.patch.Hardened
	return r.result, r.do(ctx)
}

func (r *run) do(ctx context.Context) error {
	taking, skipped, err := r.listNodes(ctx)
	if err != nil {
		return err
	}
	r.stage("nodes")
	podCtx, cancel := wait.WithTimeout(ctx, podTimeout)
	defer cancel()
	pods, err := r.startOn(podCtx, taking)
	if err != nil {
		return err
	}
	defer pods.stop()
	err = r.awaitReady(podCtx, pods)
	r.stage("pods")
	r.sort(skipped)
	if err != nil || ctx.Err() != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	if len(r.nodes) == 0 {
		return r.nothingToProbe()
	}
	r.probeAll(ctx)
	r.stage("probes")
	return context.Cause(ctx)
}

// nothingToProbe says why there is no pod.
func (r *run) nothingToProbe() error {
	if failed := failedNodes(r.result.Nodes); len(failed) > 0 {
		return fmt.Errorf("no pod could be started: %s: %s", failed[0].plain(r.result.Nodes), failed[0].Cause)
	}
	return errors.New("no node takes a pod: all are skipped; expected one that is ready, not cordoned and not tainted")
}

// startOn creates a pod for each of the nodes, and watches them.
func (r *run) startOn(ctx context.Context, nodes []Node) (*podWatch, error) {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	errs := r.create(ctx, names)
	r.nodes = slices.Clone(nodes)
	for i, err := range errs {
		if err != nil {
			r.nodes[i].fail(fmt.Sprintf("its pod could not be created: %v", err))
		}
	}
	return r.watchPods(ctx)
}

// create creates a pod for each name of a node.
func (r *run) create(ctx context.Context, nodes []string) []error {
	first := len(r.pods)
	errs := make([]error, len(nodes))
	objects := make([]*corev1.Pod, len(nodes))
	for i, node := range nodes {
		var p *pod
		p, objects[i], errs[i] = r.newPod(first+i, node)
		r.pods = append(r.pods, p)
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(creates, len(nodes)) {
		workers.Go(func() {
			for i := range next {
				if errs[i] == nil {
					_, errs[i] = r.client.Pods(r.session.Namespace).Create(ctx, objects[i], metav1.CreateOptions{})
				}
			}
		})
	}
	for i := range nodes {
		r.progress(Progress{Stage: "creating pods", Done: i, Total: len(nodes)})
		next <- i
	}
	close(next)
	workers.Wait()
	return errs
}

// awaitReady waits until each pod is ready or cannot become so, and notes its
// addresses or the diagnosis with its node.
func (r *run) awaitReady(ctx context.Context, w *podWatch) error {
	var waiting []*pod
	index := map[*pod]int{}
	for i, p := range r.pods {
		index[p] = i
		if r.nodes[i].Failed == "" {
			waiting = append(waiting, p)
		}
	}
	done := len(r.pods) - len(waiting)
	left, err := w.until(ctx, waiting, func(p *pod, state *corev1.Pod) bool {
		decided := r.nodes[index[p]].observe(state)
		if decided {
			done++
		}
		r.progress(Progress{Stage: "starting pods", Done: done, Total: len(r.pods)})
		return decided
	})
	if len(left) > 0 && !errors.Is(err, wait.ErrTimeout) {
		return err
	}
	for _, p := range left {
		r.nodes[index[p]].fail(unready(p, w.latest[p.name], err))
	}
	return nil
}

// observe takes a pod's state over, and tells whether there is nothing more to wait
// for. A pod that is bound to a node and cannot be scheduled there has no
// other place to go.
func (n *Node) observe(state *corev1.Pod) (decided bool) {
	if state == nil {
		n.Failed = "its pod was deleted by somebody else"
		return true
	}
	for _, c := range state.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			n.Addresses = addresses(state)
			return true
		}
		if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
			n.Failed = "its pod is not scheduled: " + c.Message
			return true
		}
	}
	if cause := diagnose.Pod(state); cause != nil && cause.Ends(false) {
		n.fail(cause.Error() + "; " + cause.Remedy)
		return true
	}
	return false
}

func unready(p *pod, state *corev1.Pod, err error) string {
	text := fmt.Sprintf("pod %q is not ready: %v", p.name, err)
	if state == nil {
		return text
	}
	if cause := diagnose.Pod(state); cause != nil {
		return text + ": " + cause.Error()
	}
	return fmt.Sprintf("%s; its phase is %s", text, state.Status.Phase)
}

// sort puts the nodes whose pods are ready first, in their order, and then the
// others; pods go along.
func (r *run) sort(skipped []Node) {
	pods := map[string]*pod{}
	for i, n := range r.nodes {
		pods[n.Name] = r.pods[i]
	}
	var ready, failed []Node
	for _, n := range r.nodes {
		if n.Failed == "" && len(n.Addresses) > 0 {
			ready = append(ready, n)
		} else {
			failed = append(failed, n)
		}
	}
	SortNodes(ready)
	SortNodes(failed)
	r.nodes, r.pods = ready, r.pods[:0:0]
	for _, n := range ready {
		r.pods = append(r.pods, pods[n.Name])
	}
	r.result.Nodes = slices.Concat(ready, failed, skipped)
}

func (r *run) progress(p Progress) {
	if r.opts.Progress != nil {
		r.opts.Progress(p)
	}
}

// stage ends a part of the run.
func (r *run) stage(name string) {
	now := time.Now()
	r.result.Stages = append(r.result.Stages, Stage{Name: name, Elapsed: now.Sub(r.begun)})
	r.begun = now
}
