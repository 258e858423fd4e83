package vantage

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// caller is who asks from a place.
type caller struct {
	// words name it.
	words string
	node  string
	// exec runs a program where it is, or is nil.
	exec probe.Exec
	// own returns the addresses by which it is seen at an address when nothing
	// translates them; none where that is not known.
	own func(to netip.Addr) []netip.Addr
	// skipped says why nobody can ask.
	skipped string
}

// callerWords name who asks where it has no name of its own, in a sentence.
var callerWords = map[Place]string{
	SameNode: "a pod on the same node", OtherNode: "a pod on another node",
	APIServer: "the API server", PortForward: "port-forward", Here: "this machine",
}

func anyone(netip.Addr) []netip.Addr { return nil }

// caller finds or starts who asks from a place.
func (r *run) caller(ctx context.Context, place Place, target *corev1.Pod) caller {
	c := caller{words: callerWords[place], own: anyone}
	switch place {
	case Container, Sibling:
		return r.inside(place, target)
	case SameNode:
		pod := r.newPod("near", r.shell())
		on(pod, target.Spec.NodeName, corev1.NodeSelectorOpIn)
		return r.start(ctx, c, pod)
	case OtherNode:
		pod := r.newPod("far", r.shell())
		on(pod, target.Spec.NodeName, corev1.NodeSelectorOpNotIn)
		return r.start(ctx, c, pod)
	case Node:
		c.words, c.node = "the node "+target.Spec.NodeName, target.Spec.NodeName
		if r.patch.Hardened {
			c.skipped = fmt.Sprintf("namespace %q enforces the Pod Security Standard restricted, which forbids hostNetwork", r.session.Namespace)
			return c
		}
		pod := r.newPod("node", r.shell())
		pod.Spec.HostNetwork = true
		on(pod, target.Spec.NodeName, corev1.NodeSelectorOpIn)
		started := r.start(ctx, c, pod)
		// A node has many addresses, and uses the one that is nearest.
		started.own = anyone
		return started
	default:
		return c
	}
}

// inside is a container of the target.
func (r *run) inside(place Place, target *corev1.Pod) caller {
	c := caller{words: place.Words(), node: target.Spec.NodeName}
	ips := func() []netip.Addr { return r.table.Target.IPs }
	c.own = func(to netip.Addr) []netip.Addr {
		if to.IsLoopback() {
			return []netip.Addr{to}
		}
		return ips()
	}
	containers := target.Spec.Containers
	// The one that serves declares the port, or is the first.
	serving := max(0, slices.IndexFunc(containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.ContainerPort == int32(r.opts.Port) })
	}))
	index := serving
	if place == Sibling {
		if len(containers) == 1 {
			c.skipped = fmt.Sprintf("pod %q has one container", target.Name)
			return c
		}
		index = 0
		if serving == 0 {
			index = 1
		}
	}
	c.words = fmt.Sprintf("container %s", containers[index].Name)
	name, container := r.table.Target.Name, containers[index].Name
	c.exec = func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
		return r.inTarget.Exec(name, container)(ctx, command, stdin, stdout, stderr)
	}
	return c
}

// start starts a Pod of the run to ask from.
func (r *run) start(ctx context.Context, c caller, pod *corev1.Pod) caller {
	made, err := r.create(ctx, pod)
	switch {
	case apierrors.IsForbidden(err):
		c.skipped = fmt.Sprintf("a pod for it is not permitted: %v", err)
		return c
	case err != nil:
		c.skipped = fmt.Sprintf("a pod for it could not be created: %v", err)
		return c
	}
	ready, err := r.await(ctx, made.Name, isReady)
	if err != nil {
		c.skipped = err.Error()
		return c
	}
	container := ready.Spec.Containers[0].Name
	c.words, c.node = "a pod on "+ready.Spec.NodeName, ready.Spec.NodeName
	if ready.Spec.HostNetwork {
		c.words = "the node " + c.node
	}
	c.exec = r.inRun.Exec(ready.Name, container)
	own := addresses(ready)
	c.own = func(netip.Addr) []netip.Addr { return own }
	r.own(ready, own)
	return c
}

// own notes whose a version and an address are.
func (r *run) own(pod *corev1.Pod, addresses []netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.table.Owners == nil {
		r.table.Owners = map[string]string{}
	}
	owner := fmt.Sprintf("pod %q on %s", pod.Name, pod.Spec.NodeName)
	if version := versionOf(pod); version != "" {
		r.table.Owners[version] = owner
	}
	if pod.Spec.HostNetwork {
		return
	}
	for _, a := range addresses {
		r.table.Owners[a.String()] = owner
	}
}
