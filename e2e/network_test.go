package e2e

import (
	"context"
	"net"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"
)

// TestPodIP asserts the Kubernetes network model: a Pod is reachable on its own
// address, without address translation, from every Pod and from its Node.
func TestPodIP(t *testing.T) {
	nodes := schedulableNodes(t.Context(), t)
	f := newFixture(t, "podip")
	target := f.start(f.server("target", nodes[0]))

	feature := features.New("Pod IP").
		Assess("a Pod on the same Node reaches it", func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
			f.on(t).assertReaches(f.on(t).start(f.client("same-node", nodes[0])), target)
			return ctx
		}).
		Assess("a Pod on another Node reaches it", func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
			if len(nodes) == 1 {
				if embedded != nil {
					t.Fatal("the embedded cluster has several Nodes; found one that takes Pods")
				}
				t.Skip("the cluster has one Node that takes Pods: there is no other to ask from")
			}
			f.on(t).assertReaches(f.on(t).start(f.client("other-node", nodes[1])), target)
			return ctx
		}).
		Assess("its Node reaches it", func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
			pod := f.client("node", nodes[0])
			pod.Spec.HostNetwork = true
			onNode := f.on(t).start(pod)
			if onNode.Status.PodIP != onNode.Status.HostIP {
				t.Fatalf("pod %q: expected the Node's own address %s, found %s", pod.Name, onNode.Status.HostIP, onNode.Status.PodIP)
			}
			f.on(t).assertAnswers(onNode, target)
			return ctx
		})
	testenv.Test(t, feature.Feature())
}

// assertReaches asserts that the target answers, and that it sees the caller's
// own address.
func (f *fixture) assertReaches(from, target *corev1.Pod) {
	f.t.Helper()
	if got := f.assertAnswers(from, target); got.From != from.Status.PodIP {
		f.t.Errorf("pod %q asked pod %q: expected the caller's address %s, found %s: something translates addresses between Pods",
			from.Name, target.Name, from.Status.PodIP, got.From)
	}
}

// assertAnswers asserts that it is the target that answers: a Host header that
// no one else sends comes back, and is in the target's log.
func (f *fixture) assertAnswers(from, target *corev1.Pod) info {
	f.t.Helper()
	address := net.JoinHostPort(target.Status.PodIP, "9876")
	if got := f.curl(from.Name, address+"/info", ""); got.Host != address || got.Version != "0.5.0" {
		f.t.Errorf("pod %q asked %s: expected that host and version 0.5.0, found %+v", from.Name, address, got)
	}
	nonce := envconf.RandomName("from-"+from.Name, 24)
	got := f.curl(from.Name, address+"/info", nonce)
	if got.Host != nonce {
		f.t.Errorf("pod %q asked with Host %q: found %q in the answer", from.Name, nonce, got.Host)
	}
	if log := f.run("logs", target.Name).Stdout; !strings.Contains(log, nonce) {
		f.t.Errorf("pod %q asked %s with Host %q: the log of pod %q does not have it: somebody else answered", from.Name, address, nonce, target.Name)
	}
	return got
}

// on returns the fixture for a subtest.
func (f *fixture) on(t *testing.T) *fixture {
	sub := *f
	sub.t = t
	return &sub
}
