package reach

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// NodesOptions are what a user decides about a run of all nodes.
type NodesOptions struct {
	// Tolerate has pods run on tainted nodes too.
	Tolerate bool
	// Peers is how many others each node probes; 0 is all. Seed draws them.
	Peers int
	Seed  uint64
	// Slow is the median from which on a pair is Slow.
	Slow time.Duration
}

// Result is what a run of all nodes found.
type Result struct {
	// Nodes are first those of the matrix, in its order; then those that could not take
	// part, and those that were skipped.
	Nodes []Node
	// Hardened: the Namespace enforces the Pod Security Standard restricted, and
	// the pods meet it.
	Hardened bool
	// Matrix is nil where no pod could probe.
	Matrix *Matrix
	// Slow is the limit above which a pair's median makes it Slow.
	Slow time.Duration
	// Stages are the parts of the run, in order.
	Stages []Stage
}

// Stage is a part of a run and how long it took.
type Stage struct {
	Name    string
	Elapsed time.Duration
}

// Taking are the nodes of the matrix.
func (r *Result) Taking() []Node {
	if r.Matrix == nil {
		return nil
	}
	return r.Nodes[:r.Matrix.Plan.Nodes()]
}

// Findings explain what is wrong (see Explain).
func (r *Result) Findings() []Finding {
	if r.Matrix == nil {
		return failedNodes(r.Nodes)
	}
	return Explain(r.Nodes, r.Matrix)
}

// ErrNodesForbidden is in the error of RunNodes where the user may not list nodes.
var ErrNodesForbidden = errors.New("cannot list nodes: expected the permission to `list nodes`; " +
	"`kubectl kbe rbac --for reach-nodes` prints a ClusterRole that grants it")

// nodesRun is the state of a run of all nodes.
type nodesRun struct {
	*pods
	opts   NodesOptions
	result *Result
	begun  time.Time
}

// RunNodes makes a pod on every node that can run one, has each probe the others, and
// returns what they found. The removal of what it made is the caller's. The error is
// one that kept all of it from being done; what fails on one node is in the Result.
func RunNodes(ctx context.Context, env Env, opts NodesOptions) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pods, err := newPods(ctx, env)
	if err != nil {
		return nil, err
	}
	r := &nodesRun{pods: pods, opts: opts, result: &Result{Slow: opts.Slow, Hardened: pods.patch.Hardened}, begun: time.Now()}
	return r.result, r.do(ctx)
}

func (r *nodesRun) do(ctx context.Context) error {
	schedulable, skipped, err := r.listNodes(ctx)
	if err != nil {
		return err
	}
	r.stage("nodes")
	ready, failed := r.startAll(ctx, schedulable)
	r.stage("pods")
	r.result.Nodes = slices.Concat(ready, failed, skipped)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(ready) == 0:
		return r.nothingToProbe()
	}
	r.probeAll(ctx, ready)
	r.stage("probes")
	return context.Cause(ctx)
}

// stage ends a part of the run.
func (r *nodesRun) stage(name string) {
	now := time.Now()
	r.result.Stages = append(r.result.Stages, Stage{Name: name, Elapsed: now.Sub(r.begun)})
	r.begun = now
}

// listNodes returns the nodes that can run a pod, and those that are skipped.
func (r *nodesRun) listNodes(ctx context.Context) (schedulable, skipped []Node, err error) {
	list, err := r.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil, nil, fmt.Errorf("%w; found: %w", ErrNodesForbidden, err)
	case err != nil:
		return nil, nil, fmt.Errorf("list the nodes: %w", err)
	}
	for i := range list.Items {
		n := &list.Items[i]
		node := Node{Name: n.Name, Zone: n.Labels[corev1.LabelTopologyZone], NotReady: notReady(n) != ""}
		node.Skipped = skip(n, r.opts.Tolerate)
		if node.Skipped == "" {
			schedulable = append(schedulable, node)
		} else {
			skipped = append(skipped, node)
		}
	}
	SortNodes(skipped)
	return schedulable, skipped, nil
}

// startAll starts a pod on each of the nodes, and returns those whose pods are ready and
// those whose pods are not.
func (r *nodesRun) startAll(ctx context.Context, nodes []Node) (ready, failed []Node) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	r.progress(Progress{Stage: "starting pods", Total: len(nodes)})
	for i, n := range nodes {
		wg.Go(func() {
			r.startOn(ctx, fmt.Sprint(i), &n)
			mu.Lock()
			defer mu.Unlock()
			if n.Failed == "" {
				ready = append(ready, n)
			} else {
				failed = append(failed, n)
			}
			r.progress(Progress{Stage: "starting pods", Done: len(ready) + len(failed), Total: len(nodes)})
		})
	}
	wg.Wait()
	SortNodes(ready)
	SortNodes(failed)
	return ready, failed
}

// startOn starts a pod on a node, and notes its addresses, or why it has none.
func (r *nodesRun) startOn(ctx context.Context, name string, n *Node) {
	pod := r.newPod(name, r.service(defaultPort))
	on(pod, n.Name, corev1.NodeSelectorOpIn)
	if r.opts.Tolerate {
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	n.pod, n.version = pod.Name, versionOf(pod)
	pod, err := r.start(ctx, pod)
	switch {
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), wait.ErrTimeout):
		return // the run is stopped, which is no fault of the node
	case err != nil:
		n.fail(err.Error())
		return
	}
	if n.Addresses = addresses(pod); len(n.Addresses) == 0 {
		n.fail(fmt.Sprintf("pod %q is ready, and has no address", pod.Name))
	}
}

// nothingToProbe says why there is no pod.
func (r *nodesRun) nothingToProbe() error {
	if failed := failedNodes(r.result.Nodes); len(failed) > 0 {
		return fmt.Errorf("no pod could be started: %s: %s", failed[0].Text(r.result.Nodes, nil), failed[0].Cause)
	}
	return errors.New("no node can run a pod: all are skipped; expected one that is ready, not cordoned and not tainted")
}

// skip says why a node is not to be waited for, or "". A node that is cordoned, or not
// ready, is left alone whatever is tolerated.
func skip(n *corev1.Node, tolerate bool) string {
	if why := notReady(n); why != "" {
		return why
	}
	if n.Spec.Unschedulable {
		return "cordoned"
	}
	if system := n.Labels[corev1.LabelOSStable]; system != "" && system != "linux" {
		return "runs " + system + "; the image is for linux"
	}
	for _, t := range n.Spec.Taints {
		if t.Effect != corev1.TaintEffectPreferNoSchedule && !tolerate {
			return "tainted: " + t.ToString() + " (--tolerate includes it)"
		}
	}
	return ""
}

func notReady(n *corev1.Node) string {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return strings.TrimSuffix("not ready: "+c.Reason, ": ")
		}
	}
	return ""
}
