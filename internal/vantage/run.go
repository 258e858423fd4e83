package vantage

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
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// Options are what a user decides about a run.
type Options struct {
	// Pod is the name of one that exists, in PodNamespace, or "" for a target of
	// the run's own.
	Pod, PodNamespace string
	// Port is where the target serves.
	Port uint16
	// From are the places to ask from.
	From []Place
	// Image serves, with Python 3, and probes, with curl.
	Image string
	// PullSecret is the name of a Secret for the image's registry, or "".
	PullSecret string
	// Progress, where it is not nil, is told what goes on, from one goroutine at a
	// time.
	Progress func(string)
}

// probeTime bounds one connection.
const probeTime = 2 * time.Second

var probeOptions = probe.Options{Samples: 5, Timeout: probeTime}

// run is the state of a run.
type run struct {
	opts    Options
	session *session.Session
	client  kubernetes.Interface
	config  *rest.Config
	patch   podpatch.Patch
	// inRun executes in the run's Pods, inTarget in the target's.
	inRun, inTarget *kubectl.Kubectl
	table           *Table
	mu              sync.Mutex
}

// Run asks the target from each of the places. The session is the caller's, and
// so is the removal of what Run made. The error is one that kept the table from
// being made; a place that could not be asked from is a row that says so.
func Run(ctx context.Context, getter genericclioptions.RESTClientGetter, s *session.Session, opts Options) (*Table, error) {
	cfg, err := getter.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(kubectl.LimitBodies) // what answers through the API server's proxy may be anything
	s.Wrap(cfg)
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	r := &run{
		opts: opts, session: s, client: client, config: cfg,
		patch: podpatch.Patch{Hardened: s.EnforcesRestricted(ctx), PullSecret: opts.PullSecret},
		inRun: kubectl.New(getter, s.Namespace, s.Wrap),
	}
	target, err := r.target(ctx)
	if err != nil {
		return nil, err
	}
	r.table.Hardened = r.patch.Hardened
	r.inTarget = kubectl.New(getter, target.Namespace, s.Wrap)
	if err := r.askAll(ctx, target); err != nil {
		return r.table, err
	}
	r.lookUp(ctx)
	if r.table.Count(Met)+r.table.Count(Failed) == 0 {
		return r.table, errors.New("nothing could be checked: the target could be asked from none of the places")
	}
	return r.table, nil
}

// target finds or starts the target. A Pod of the run's own has a node when target
// returns: the callers are placed by it, and start while it does.
func (r *run) target(ctx context.Context) (*corev1.Pod, error) {
	t := Target{Name: r.opts.Pod, Namespace: r.opts.PodNamespace, Port: r.opts.Port, Existing: r.opts.Pod != ""}
	if t.Existing {
		pod, err := r.client.CoreV1().Pods(t.Namespace).Get(ctx, t.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("pod %q: not found in namespace %q: name its namespace with -n", t.Name, t.Namespace)
		}
		if err != nil {
			return nil, err
		}
		if len(pod.Status.PodIPs) == 0 || pod.Status.Phase != corev1.PodRunning {
			return nil, fmt.Errorf("pod %q of namespace %q: expected it running, with an address: %s", t.Name, t.Namespace, state(pod))
		}
		t.Version = versionOf(pod)
		r.table = &Table{Target: t}
		return pod, nil
	}
	r.say("starting the target")
	pod := r.newTarget()
	t.Name, t.Namespace, t.Version = pod.Name, r.session.Namespace, versionOf(pod)
	r.table = &Table{Target: t, Owners: map[string]string{}}
	if _, err := r.create(ctx, pod); err != nil {
		return nil, err
	}
	return r.await(ctx, pod.Name, func(p *corev1.Pod) bool { return p.Spec.NodeName != "" })
}

// ready completes what is known of the target, when it can be asked.
func (r *run) ready(ctx context.Context, pod *corev1.Pod) (err error) {
	t := &r.table.Target
	if !t.Existing {
		if pod, err = r.await(ctx, t.Name, isReady); err != nil {
			return err
		}
	}
	t.Node, t.IPs = pod.Spec.NodeName, addresses(pod)
	return nil
}

// askAll asks from all places side by side. Each waits for its own caller and
// for the target, and gives its rows. The error is the target's, or ctx's.
func (r *run) askAll(ctx context.Context, target *corev1.Pod) error {
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
	for i, place := range r.opts.From {
		wg.Go(func() {
			caller := r.caller(ctx, place, target)
			if <-ready; ctx.Err() != nil {
				return
			}
			rows[i] = r.ask(ctx, place, caller)
			r.say("asked from: " + place.Words())
		})
	}
	wg.Wait()
	<-ready
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.table.Rows = slices.Concat(rows...)
	return nil
}

// ask asks from a place. Where nobody can, each of its rows says why.
func (r *run) ask(ctx context.Context, place Place, caller caller) []Row {
	rows := r.rows(place, caller)
	if caller.skipped != "" {
		return rows
	}
	switch place {
	case APIServer:
		r.askAPIServer(ctx, &rows[0])
	case PortForward:
		r.askPortForward(ctx, &rows[0])
	case Here:
		askHere(ctx, rows)
	default:
		r.askByExec(ctx, caller, rows)
	}
	return rows
}

// rows are those of a place, before they are asked.
func (r *run) rows(place Place, caller caller) []Row {
	t := r.table.Target
	row := Row{Place: place, Caller: caller.words, Node: caller.node, Expected: Reached, Skipped: caller.skipped}
	to := func(what To, address netip.Addr) Row {
		one := row
		one.To, one.Address, one.Own = what, netip.AddrPortFrom(address, t.Port), caller.own(address)
		return one
	}
	switch place {
	case PortForward:
		return []Row{to(Localhost, netip.Addr{})}
	case APIServer:
		// Its proxy uses the first address alone.
		if len(t.IPs) > 0 {
			return []Row{to(PodIP, t.IPs[0])}
		}
	case Here:
		row.Expected = NotReached
	case Container, Sibling:
		return append(r.loopbackRows(place, to), podIPRows(t, to)...)
	default:
	}
	return podIPRows(t, to)
}

func podIPRows(t Target, to func(To, netip.Addr) Row) []Row {
	if len(t.IPs) == 0 {
		return []Row{to(PodIP, netip.Addr{})}
	}
	var rows []Row
	for _, a := range t.IPs {
		rows = append(rows, to(PodIP, a))
	}
	return rows
}

// loopbackRows ask localhost in each family of the target's addresses. In a
// cluster of IPv6 alone IPv4 is asked, too: a service that knows only IPv4
// answers there.
func (r *run) loopbackRows(place Place, to func(To, netip.Addr) Row) []Row {
	var rows []Row
	found := families(r.table.Target)
	for _, f := range []Family{IPv4, IPv6} {
		row := to(Localhost, f.loopback())
		switch {
		case slices.Contains(found, f):
			rows = append(rows, row)
		case f == IPv4 && place == Container:
			row.Expected = Any
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *run) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opts.Progress != nil {
		r.opts.Progress(text)
	}
}

// state says why a Pod is not what it should be.
func state(pod *corev1.Pod) string {
	if c := diagnose.Pod(pod); c != nil {
		return c.Error() + "; " + c.Remedy
	}
	return fmt.Sprintf("its phase is %s", pod.Status.Phase)
}
