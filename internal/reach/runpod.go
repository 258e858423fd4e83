package reach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/cmd/util/podcmd"
	"k8s.io/kubectl/pkg/util/podutils"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/evidence"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// PodOptions are what a user decides about a run of one Pod.
type PodOptions struct {
	// Pod is an existing one, as FindPod returns it, or nil for a target of the run's own.
	Pod *corev1.Pod
	// Port is where the target serves; 0 is that of the service.
	Port uint16
	// From are the vantage points.
	From []VantagePoint
}

// DefaultPort is where the service listens.
const DefaultPort = 9876

// podRun is the state of a run of one Pod.
type podRun struct {
	*pods
	opts PodOptions
	// inTarget executes in the target's containers.
	inTarget *kubectl.Kubectl
	table    *Table
	mu       sync.Mutex // of the table's Owners, and of sender
	// sender is one of the run's Pods that probe from the pod network, or nil.
	sender *corev1.Pod
	// listens ends when the first vantage point has reached the target, which calls reached, or with
	// the run.
	listens context.Context
	reached context.CancelFunc
}

// RunPod probes the target from each of the vantage points. The removal of the run's resources
// is the caller's. The error is one that kept the table from being made; a vantage point
// that could not be used is a row that says so.
func RunPod(ctx context.Context, env Env, opts PodOptions) (*Table, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pods, err := newPods(ctx, env)
	if err != nil {
		return nil, err
	}
	opts.Port = cmp.Or(opts.Port, DefaultPort)
	r := &podRun{pods: pods, opts: opts}
	r.listens, r.reached = context.WithCancel(ctx)
	defer r.reached()
	target, err := r.target(ctx)
	if err != nil {
		return nil, err
	}
	r.inTarget = kubectl.New(env.Clients, target.Namespace, env.Session.Wrap)
	err = r.probeAll(ctx, target)
	r.table.excuseSilence()
	r.table.excuseAPIServer()
	if err != nil {
		return r.table, err
	}
	r.lookUp(ctx)
	if r.table.Count(v1alpha1.VantageMet)+r.table.Count(v1alpha1.VantageFailed) == 0 {
		return r.table, errors.New("nothing could be checked: the target could be probed from none of the vantage points")
	}
	return r.table, nil
}

// cannotProbe notes why a row was not probed: of what is no lack of a permission, the Cause.
func (r *podRun) cannotProbe(row *Row, err error) {
	connection := r.env.Connection()
	connection.Node = cmp.Or(row.Node, r.table.Target.Node)
	cause := connection.Error(err)
	switch {
	case cause == nil:
		row.Skipped = fmt.Sprintf("could not probe: %v", err)
		return
	case !strings.Contains(err.Error(), "forbidden"):
		row.Cause = cause
	}
	row.Skipped = cause.Error()
}

// FindPod returns the Pod of that name, if it can be a target.
func FindPod(ctx context.Context, config *rest.Config, namespace, name string) (*corev1.Pod, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	pod, err := client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("pod %q not found in namespace %q: set its namespace with -n", name, namespace)
	case err != nil:
		return nil, err
	case len(pod.Status.PodIPs) == 0 || pod.Status.Phase != corev1.PodRunning:
		return nil, ofUser(diagnose.Evidence{Pod: pod})
	}
	return pod, nil
}

// ofRuns is in a remedy for the Pods of a run, whose flags do not change those of a user.
var ofRuns = regexp.MustCompile(`--(image|registry|for)\b`)

// ofUser is why a Pod of the user's is not Ready, and what to do about it.
func ofUser(e diagnose.Evidence) *diagnose.Cause {
	pod, cause := e.Pod, diagnose.Cause{}
	if found := e.Cause(); found != nil {
		cause = *found
	} else {
		cause.What = fmt.Sprintf("pod %q of namespace %q is not Ready", pod.Name, pod.Namespace)
		cause.Why = evidence.Status(pod)[0]
	}
	if cause.Remedy == "" || ofRuns.MatchString(cause.Remedy) {
		cause.Remedy = fmt.Sprintf("look at it: kubectl describe pod %s -n %s", pod.Name, pod.Namespace)
	}
	return &cause
}

// FindPort returns the TCP port that a Pod declares by a name; without one, the first that it
// declares, or DefaultPort. The first are those of its default container, as kubectl knows it: a
// sidecar may come before it.
func FindPort(pod *corev1.Pod, name string) (uint16, error) {
	isDefault := func(c corev1.Container) bool { return c.Name == pod.Annotations[podcmd.DefaultContainerAnnotationName] }
	first := max(0, slices.IndexFunc(pod.Spec.Containers, isDefault))
	for _, c := range slices.Concat(pod.Spec.Containers[first:], pod.Spec.Containers[:first]) {
		for _, p := range c.Ports {
			if p.Protocol == corev1.ProtocolTCP && (name == "" || name == p.Name) {
				return uint16(p.ContainerPort), nil
			}
		}
	}
	if name != "" {
		return 0, fmt.Errorf("pod %q: expected a TCP port named %q, found %s", pod.Name, name, cmp.Or(declaredPorts(pod), "none"))
	}
	return DefaultPort, nil
}

// declaredPorts are the ports that a Pod declares, such as http=8080/TCP, or "".
func declaredPorts(pod *corev1.Pod) string {
	var ports []string
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			ports = append(ports, strings.TrimPrefix(fmt.Sprintf("%s=%d/%s", p.Name, p.ContainerPort, p.Protocol), "="))
		}
	}
	return strings.Join(ports, ", ")
}

// target returns the target, or starts one. A Pod of the run's own has a node when target
// returns: the callers are placed by it, and start while it does.
func (r *podRun) target(ctx context.Context) (pod *corev1.Pod, err error) {
	if pod = r.opts.Pod; pod == nil {
		r.progress(Progress{Stage: "starting the target"})
		pod = r.newPod("target", r.service(r.opts.Port), shell(r.env.Image))
		pod.Namespace = r.env.Session.Namespace
		if err = r.create(ctx, pod); err == nil {
			pod, err = r.await(ctx, pod.Name, func(p *corev1.Pod) bool { return p.Spec.NodeName != "" })
		}
		if err != nil {
			return nil, err
		}
	}
	r.table = &Table{Owners: map[string]string{}, Target: Target{
		Name: pod.Name, Namespace: pod.Namespace, Port: r.opts.Port, Version: versionOf(pod), Existing: r.opts.Pod != nil,
		Declared: declaredPorts(pod),
	}}
	return pod, nil
}

// ready completes what is known of the target, when it can be probed.
func (r *podRun) ready(ctx context.Context, pod *corev1.Pod) (err error) {
	t := &r.table.Target
	if !t.Existing {
		if pod, err = r.await(ctx, t.Name, podutils.IsPodReady); err != nil {
			return err
		}
	}
	t.Node, t.IPs = pod.Spec.NodeName, addresses(pod)
	container := pod.Spec.Containers[r.serving(pod)].Name
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == container && status.State.Running != nil {
			t.Container, t.Started, t.Restarts = container, status.State.Running.StartedAt.Time, int(status.RestartCount)
		}
	}
	return nil
}

// probeAll probes from all vantage points in parallel. Each waits for its own caller
// and for the target, and gives its rows. The error is the target's, or ctx's: the rows say what was
// probed before.
func (r *podRun) probeAll(ctx context.Context, target *corev1.Pod) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		if err := r.ready(ctx, target); err != nil {
			cancel(err)
		}
	}()
	rows := make([][]Row, len(r.opts.From))
	var wg sync.WaitGroup
	for i, p := range r.opts.From {
		wg.Go(func() {
			vantage := p.row()
			caller := vantage.caller(ctx, r, target)
			if <-ready; len(r.table.Target.IPs) == 0 {
				return
			}
			if rows[i] = vantage.rows(r.table.Target, caller); caller.skipped == "" && ctx.Err() == nil {
				r.call(ctx, vantage, caller, rows[i])
			}
			if ctx.Err() != nil { // which may have ended a probe
				caller.skipped = cmp.Or(caller.skipped, context.Cause(ctx).Error())
				rows[i] = vantage.rows(r.table.Target, caller)
			}
			r.progress(Progress{Stage: "probed from: " + vantage.words})
		})
	}
	wg.Wait()
	<-ready
	r.table.Rows = slices.Concat(rows...)
	return context.Cause(ctx)
}

// listenTime is how long a container may take from its start until its program listens: without a
// readiness probe, a Pod is Ready before.
const listenTime = 10 * time.Second

// call probes from a vantage point. While a container that has just started refuses connections, it
// probes again, the last time when another vantage point has reached the target.
func (r *podRun) call(ctx context.Context, vantage vantageRow, c caller, rows []Row) {
	// By the clock of this machine too, because that of the node may differ.
	deadline := time.Now().Add(min(listenTime, listenTime-time.Since(r.table.Target.Started)))
	for {
		last := r.listens.Err() != nil || time.Now().After(deadline)
		vantage.call(ctx, r, c, rows)
		// What this machine reaches under a Pod's address may be another.
		if slices.ContainsFunc(rows, func(row Row) bool { return r.table.Outcome(row) == v1alpha1.VantageMet }) {
			r.reached()
		}
		if last || !slices.ContainsFunc(rows, r.table.mayListenSoon) {
			return
		}
		select {
		case <-time.After(listenTime / 20):
		case <-r.listens.Done():
		}
	}
}

// rows are those of a vantage point, before they are probed.
func (v vantageRow) rows(t Target, c caller) []Row {
	rows := v.targets(t)
	for i := range rows {
		row := &rows[i]
		row.From, row.Caller, row.Node, row.Skipped = v.name, c.words, c.node, c.skipped
		if c.own != nil {
			row.Own = c.own(row.Address.Addr())
		}
		switch {
		case row.Expected != "":
		case v.lesson:
			row.Expected = NotReached
		default:
			row.Expected = Reached
		}
	}
	return rows
}

// caller is what probes from a vantage point.
type caller struct {
	// words name it.
	words string
	node  string
	// exec runs a program where it is, or is nil.
	exec probe.Exec
	// own returns the addresses by which it is seen at an address when nothing
	// translates them; it is nil where that is not known.
	own func(to netip.Addr) []netip.Addr
	// skipped says why nothing can probe from there.
	skipped string
}

// named is a caller that is there already.
func named(words string) func(context.Context, *podRun, *corev1.Pod) caller {
	return func(context.Context, *podRun, *corev1.Pod) caller { return caller{words: words} }
}

// podPlaced is a Pod of the run, by the target's node.
func podPlaced(operator corev1.NodeSelectorOperator, name, words string) func(context.Context, *podRun, *corev1.Pod) caller {
	return func(ctx context.Context, r *podRun, target *corev1.Pod) caller {
		pod := r.newPod(name, shell(r.env.Image))
		on(pod, target.Spec.NodeName, operator)
		return r.startCaller(ctx, caller{words: words}, pod)
	}
}

func podInNodeNetwork(ctx context.Context, r *podRun, target *corev1.Pod) caller {
	c := caller{words: "the node " + target.Spec.NodeName, node: target.Spec.NodeName}
	if r.hardened() {
		c.skipped = fmt.Sprintf("namespace %q enforces the Pod Security Standard restricted, which forbids hostNetwork", r.env.Session.Namespace)
		return c
	}
	pod := r.newPod("node", shell(r.env.Image))
	pod.Spec.HostNetwork = true
	on(pod, target.Spec.NodeName, corev1.NodeSelectorOpIn)
	return r.startCaller(ctx, c, pod)
}

// startCaller starts a Pod of the run to probe from.
func (r *podRun) startCaller(ctx context.Context, c caller, pod *corev1.Pod) caller {
	ready, err := r.start(ctx, pod)
	if err != nil {
		c.skipped = err.Error()
		return c
	}
	c.exec, c.node = r.kubectl.Exec(ready.Name, shellContainer), ready.Spec.NodeName
	if ready.Spec.HostNetwork {
		return c // a node has many addresses, and uses the one that is nearest
	}
	c.words = "a pod on " + c.node
	own := addresses(ready)
	c.own = func(netip.Addr) []netip.Addr { return own }
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sender = ready
	for _, a := range own {
		r.table.Owners[a.String()] = fmt.Sprintf("pod %q on %s", ready.Name, c.node)
	}
	return c
}

// serving is the index of the container that serves: it declares the port, or is the
// first.
func (r *podRun) serving(target *corev1.Pod) int {
	return max(0, slices.IndexFunc(target.Spec.Containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.ContainerPort == int32(r.opts.Port) })
	}))
}

func servingContainer(_ context.Context, r *podRun, target *corev1.Pod) caller {
	return r.inside(target, r.serving(target))
}

func siblingContainer(_ context.Context, r *podRun, target *corev1.Pod) caller {
	if len(target.Spec.Containers) == 1 {
		return caller{words: "sibling container", node: target.Spec.NodeName, skipped: fmt.Sprintf("pod %q has one container", target.Name)}
	}
	if r.serving(target) == 0 {
		return r.inside(target, 1)
	}
	return r.inside(target, 0)
}

// inside is a container of the target.
func (r *podRun) inside(target *corev1.Pod, index int) caller {
	container := target.Spec.Containers[index].Name
	return caller{
		words: "container " + container, node: target.Spec.NodeName, exec: r.inTarget.Exec(target.Name, container),
		own: func(to netip.Addr) []netip.Addr {
			if to.IsLoopback() {
				return []netip.Addr{to}
			}
			return r.table.Target.IPs
		},
	}
}
