package reach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// SlowByDefault is more than any two nodes of a region should need for a request
// and its answer, and less than a user should wait.
const SlowByDefault = 100 * time.Millisecond

// NodesOptions are what a user decides about a run of all nodes.
type NodesOptions struct {
	// Tolerate has pods run on tainted nodes too.
	Tolerate bool
	// Peers is how many others each node probes; 0 is all.
	Peers int
	// Slow is the median from which on a pair is Slow.
	Slow time.Duration
}

// Result is what a run of all nodes found.
type Result struct {
	// Nodes are first those of the matrix, in its order; then those that could not take
	// part, and those that were skipped.
	Nodes []Node
	// Matrix is nil where no pod could probe.
	Matrix *Matrix
	// Slow is the limit above which a pair's median makes it Slow.
	Slow time.Duration
	// Policies name the NetworkPolicies that select the run's pods. They are looked up when pairs
	// fail.
	Policies []string
	// Stages are the parts of the run, in order.
	Stages []v1alpha1.Stage
}

// Taking are the nodes of the matrix.
func (r *Result) Taking() []Node {
	if r.Matrix == nil {
		return nil
	}
	return r.Nodes[:r.Matrix.Plan.Nodes()]
}

// Findings explain what is wrong (see explainMatrix).
func (r *Result) Findings() []Finding {
	if r.Matrix == nil {
		return failedNodes(r.Nodes)
	}
	findings := explainMatrix(r.Nodes, r.Matrix)
	for i := range findings {
		f := &findings[i]
		if len(r.Policies) > 0 && f.isSilent() {
			f.Cause += "; NetworkPolicies that select the run's pods: " + strings.Join(r.Policies, ", ")
			f.Remedy = "allow traffic between the run's pods in the NetworkPolicies, or use a namespace without: -n NAMESPACE"
		}
	}
	return findings
}

// nodesRun is the state of a run of all nodes.
type nodesRun struct {
	*pods
	opts   NodesOptions
	nodes  states[corev1.Node]
	result *Result
	slots  chan struct{} // of callers
	begun  time.Time
}

// RunNodes creates a pod on every node that can run one, has each probe the others, and
// returns what they found. The removal of the run's resources is the caller's. The error is
// one that kept all of it from being done; what fails on one node is in the Result.
func RunNodes(ctx context.Context, env Env, opts NodesOptions) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pods, err := newPods(ctx, env)
	if err != nil {
		return nil, err
	}
	r := &nodesRun{pods: pods, opts: opts, result: &Result{Slow: opts.Slow}, slots: make(chan struct{}, callers), begun: time.Now()}
	return r.result, r.do(ctx)
}

func (r *nodesRun) do(ctx context.Context) (err error) {
	if r.result.Nodes, err = r.listNodes(ctx); err != nil {
		return err
	}
	r.stage("nodes")
	r.startAll(ctx)
	r.stage("pods")
	sortNodes(r.result.Nodes)
	ready := 0
	for ready < len(r.result.Nodes) && r.result.Nodes[ready].takesPart() {
		ready++
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case ready == 0:
		return r.nothingToProbe()
	}
	r.probeAll(ctx, r.result.Nodes[:ready])
	r.failNotReady(r.result.Nodes)
	r.lookUp(ctx)
	r.stage("probes")
	return context.Cause(ctx)
}

// lookUp reads the NetworkPolicies that may keep pairs from each other, where that is permitted.
func (r *nodesRun) lookUp(ctx context.Context) {
	e, _ := r.states.get(r.result.Nodes[0].pod)
	if _, failing := r.result.Matrix.Progress(); failing == 0 || e == nil || e.Pod == nil {
		return
	}
	for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress} {
		names, _ := r.policies(ctx, e.Pod, direction) // then none is named
		r.result.Policies = append(r.result.Policies, names...)
	}
	slices.Sort(r.result.Policies)
	r.result.Policies = slices.Compact(r.result.Policies)
}

// stage ends a part of the run.
func (r *nodesRun) stage(name string) {
	now := time.Now()
	r.result.Stages = append(r.result.Stages, v1alpha1.Stage{Name: name, ElapsedMilliseconds: now.Sub(r.begun).Milliseconds()})
	r.begun = now
}

// startAll starts a pod on each of the nodes that can run one.
func (r *nodesRun) startAll(ctx context.Context) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	now := Progress{Stage: "starting pods"}
	for i := range r.result.Nodes {
		if n := &r.result.Nodes[i]; n.takesPart() {
			now.Total++
			wg.Go(func() {
				r.startOn(ctx, fmt.Sprint(i), n)
				mu.Lock()
				defer mu.Unlock()
				now.Done++
				r.progress(now)
			})
		}
	}
	wg.Wait()
}

// startOn starts a pod on a node, and notes its addresses, or why it has none.
func (r *nodesRun) startOn(run context.Context, name string, n *Node) {
	ctx, cancel := r.whileReady(run, n.Name)
	defer cancel()
	pod := r.newPod(name, r.service(DefaultPort))
	on(pod, n.Name, corev1.NodeSelectorOpIn)
	if r.opts.Tolerate {
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	n.pod, n.version = pod.Name, versionOf(pod)
	pod, err := r.start(ctx, pod)
	var down *diagnose.Cause
	switch {
	case run.Err() != nil && !errors.Is(context.Cause(run), wait.ErrTimeout):
		return // the run is stopped, which is no fault of the node
	case errors.As(context.Cause(ctx), &down):
		n.fail(down)
		return
	case err != nil:
		n.fail(err)
		return
	}
	if n.Addresses = addresses(pod); len(n.Addresses) == 0 {
		n.fail(fmt.Errorf("pod %q is ready but has no address", pod.Name))
		return
	}
	r.prepare(run, n)
}

// prepare takes the way to a pod that is to probe, while others start.
func (r *nodesRun) prepare(ctx context.Context, n *Node) {
	n.exec = r.kubectl.Exec(n.pod, serviceContainer)
	select {
	case r.slots <- struct{}{}:
		n.hasSlot, n.exec = true, probe.Ahead(ctx, n.exec)
	default:
	}
}

// nothingToProbe says why there is no pod.
func (r *nodesRun) nothingToProbe() error {
	if failed := failedNodes(r.result.Nodes); len(failed) > 0 {
		return fmt.Errorf("no pod could start: %s: %s", failed[0].Text(r.result.Nodes, nil), failed[0].Cause)
	}
	return errors.New("no schedulable node: expected one that is ready, not cordoned and not tainted")
}

// callers is how many nodes probe at a time: each is a connection to the API
// server, and each disturbs the latencies of the others.
const callers = 64

// probeAll has every node probe its targets, and fills the matrix.
func (r *nodesRun) probeAll(ctx context.Context, nodes []Node) {
	r.result.Matrix = r.emptyMatrix(nodes)
	var wg sync.WaitGroup
	r.progress(Progress{Stage: "probing", Total: r.result.Matrix.planned()})
	for i := range nodes {
		wg.Go(func() {
			if !nodes[i].hasSlot {
				r.slots <- struct{}{}
			}
			defer func() { <-r.slots }()
			if err := r.probeFrom(ctx, i); err != nil && ctx.Err() == nil {
				nodes[i].fail(fmt.Errorf("its pod could not probe: %w", r.explained(err, nodes[i].Name)))
			}
			done, failing := r.result.Matrix.Progress()
			r.progress(Progress{Stage: "probing", Done: done, Total: r.result.Matrix.planned(), Failing: failing})
		})
	}
	wg.Wait()
}

func (r *nodesRun) emptyMatrix(nodes []Node) *Matrix {
	zones := make([]string, len(nodes))
	for i, n := range nodes {
		zones[i] = n.Zone
	}
	plan := AllPairs(len(nodes))
	if r.opts.Peers > 0 {
		plan = Peers(zones, r.opts.Peers)
	}
	var present []Family
	for _, f := range []Family{IPv4, IPv6} {
		if slices.ContainsFunc(nodes, func(n Node) bool { return n.Address(f).IsValid() }) {
			present = append(present, f)
		}
	}
	return NewMatrix(plan, present...)
}

// probeFrom has one node probe all its targets, in one exec. What is known when that
// fails is in the matrix all the same.
func (r *nodesRun) probeFrom(ctx context.Context, from int) error {
	m, nodes := r.result.Matrix, r.result.Nodes
	ctx, cancel := r.whileReady(ctx, nodes[from].Name)
	defer cancel()
	type pair struct {
		Family
		to int
	}
	var pairs []pair
	var targets []netip.AddrPort
	for _, f := range m.Families() {
		if !nodes[from].Address(f).IsValid() {
			continue
		}
		for to := range m.Plan.Targets(from) {
			if a := nodes[to].Address(f); a.IsValid() {
				pairs, targets = append(pairs, pair{f, to}), append(targets, netip.AddrPortFrom(a, DefaultPort))
			}
		}
	}
	found, err := probe.Probe(ctx, nodes[from].exec, targets, probe.Options{})
	for i, res := range found {
		switch f, to := pairs[i].Family, pairs[i].to; res.Outcome {
		case probe.None:
		case probe.Failed:
			err = errors.Join(err, errors.New(res.Err))
		default:
			m.Set(f, from, to, r.sample(f, from, to, res))
		}
	}
	return err
}

// sample is what a result shows of a pair: who answered, and whom it saw.
func (r *nodesRun) sample(f Family, from, to int, res probe.Result) Sample {
	want := r.result.Nodes[to].version
	s := Sample{Outcome: res.Judge(want), P50: res.P50, P99: res.P99}
	if own := r.result.Nodes[from].Address(f); res.From.IsValid() && res.From != own {
		s.SeenAs = res.From
	}
	switch s.Outcome {
	case probe.Protocol:
		s.Outcome, s.Detail = probe.WrongAnswer, res.Err
	case probe.WrongAnswer:
		s.Detail = r.answerer(res.Version)
		if res.Version == want {
			s.Detail = "at times " + r.answerer(res.Other.Version)
		}
	case probe.Flaky:
		s.Detail = fmt.Sprintf("%d of %d were answered: %s", res.Answered, res.Answered+res.Failed, res.Err)
	case probe.Timeout:
		if res.Connected {
			s.Detail = "connected, but no response"
		}
	case probe.Answered:
		if res.P50 > r.opts.Slow {
			s.Outcome = probe.Slow
		}
	default: // the outcome says it all
	}
	return s
}

// answerer names what answered a version: one of the run's pods, or something else.
func (r *nodesRun) answerer(version string) string {
	for _, n := range r.result.Nodes {
		if n.version != "" && n.version == version {
			return "the pod on " + n.Name + " answered"
		}
	}
	return fmt.Sprintf("another program answered, with version %q", cmp.Or(version, "none"))
}
