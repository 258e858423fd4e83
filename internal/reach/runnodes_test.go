package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

func TestSample(t *testing.T) {
	own := netip.MustParseAddr("10.0.0.1")
	r := &nodesRun{opts: NodesOptions{Slow: 100 * time.Millisecond}, result: &Result{Nodes: []Node{
		{Name: "node-1", version: "one", Addresses: []netip.Addr{own}},
		{Name: "node-2", version: "two", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.2")}},
	}}}
	answered := func(change func(*probe.Result)) probe.Result {
		res := probe.Result{Outcome: probe.Answered, Version: "two", From: own, Answered: 5, P50: time.Millisecond, P99: 2 * time.Millisecond}
		change(&res)
		return res
	}
	for name, tc := range map[string]struct {
		found   probe.Result
		outcome probe.Outcome
		detail  string
		seenAs  string
	}{
		"well":           {answered(func(*probe.Result) {}), probe.Answered, "", ""},
		"translated":     {answered(func(r *probe.Result) { r.From = netip.MustParseAddr("10.89.0.3") }), probe.Answered, "", "10.89.0.3"},
		"slow":           {answered(func(r *probe.Result) { r.P50 = time.Second }), probe.Slow, "", ""},
		"flaky":          {answered(func(r *probe.Result) { r.Answered, r.Failed, r.Err = 3, 2, "timeout" }), probe.Flaky, "3 of 5 were answered: timeout", ""},
		"another pod":    {answered(func(r *probe.Result) { r.Version = "one" }), probe.WrongAnswer, "the pod on node-1 answered", ""},
		"a stranger":     {answered(func(r *probe.Result) { r.Version = "0.5.0" }), probe.WrongAnswer, `another program answered, with version "0.5.0"`, ""},
		"two at a time":  {answered(func(r *probe.Result) { r.Other = &probe.Answer{Version: "one"} }), probe.WrongAnswer, "at times the pod on node-1 answered", ""},
		"no service":     {probe.Result{Outcome: probe.Protocol, Err: "status 404"}, probe.WrongAnswer, "status 404", ""},
		"refused":        {probe.Result{Outcome: probe.Refused, Err: "connection refused"}, probe.Refused, "", ""},
		"reset":          {probe.Result{Outcome: probe.Reset}, probe.Reset, "", ""},
		"no route":       {probe.Result{Outcome: probe.Unreachable}, probe.Unreachable, "", ""},
		"dropped":        {probe.Result{Outcome: probe.Timeout}, probe.Timeout, "", ""},
		"silent service": {probe.Result{Outcome: probe.Timeout, Connected: true}, probe.Timeout, "connected, but no response", ""},
	} {
		got := r.sample(IPv4, 0, 1, tc.found)
		seenAs := ""
		if got.SeenAs.IsValid() {
			seenAs = got.SeenAs.String()
		}
		if got.Outcome != tc.outcome || got.Detail != tc.detail || seenAs != tc.seenAs {
			t.Errorf("%s: expected %s, %q, %q; found %+v", name, tc.outcome, tc.detail, tc.seenAs, got)
		}
	}
}

// down is a node whose kubelet has stopped reporting.
func down(n *corev1.Node) {
	n.Status.Conditions[0] = corev1.NodeCondition{
		Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status.",
		LastTransitionTime: metav1.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC),
	}
}

// What a node does ends when the cluster knows that it is down, with since when; the user
// reads of it then, and once.
func TestWorkOnANodeEndsWhenItGoesDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var notices []string
		r := &nodesRun{pods: &pods{env: Env{Progress: func(p Progress) { notices = append(notices, p.Notice) }}}}
		r.nodes.set("node-1", node(func(*corev1.Node) {}))
		ctx, cancel := r.whileReady(t.Context(), "node-1")
		defer cancel()
		r.nodes.set("node-1", node(func(n *corev1.Node) { n.ResourceVersion = "2" })) // a heartbeat
		synctest.Wait()
		if ctx.Err() != nil || len(notices) > 0 {
			t.Fatalf("expected nothing of a node that is Ready, found %v, %q", context.Cause(ctx), notices)
		}
		r.nodes.set("node-1", node(down))
		synctest.Wait()
		r.nodes.set("node-1", node(down))
		synctest.Wait()
		var cause *diagnose.Cause
		if !errors.As(context.Cause(ctx), &cause) || cause.Node != "node-1" {
			t.Errorf("expected the cause, found %v", context.Cause(ctx))
		}
		want := `node "node-1" is not Ready: NodeStatusUnknown: Kubelet stopped posting node status, since 2026-11-27T12:00:00Z`
		if !slices.Equal(notices, []string{want}) {
			t.Errorf("expected %q, found %q", want, notices)
		}
	})
}

// A node that is down explains whatever became of its pod, but not that it was cordoned.
func TestANodeThatIsDownHasFailed(t *testing.T) {
	r := &nodesRun{}
	for i, change := range []func(*corev1.Node){func(*corev1.Node) {}, down, down} {
		r.nodes.set(fmt.Sprintf("node-%d", i+1), node(change))
	}
	nodes := []Node{{Name: "node-1"}, {Name: "node-2", Failed: "its pod could not probe"}, {Name: "node-3", Skipped: "cordoned"}}
	r.failNotReady(nodes)
	if nodes[0].Failed != "" || nodes[2].Failed != "" {
		t.Errorf("expected that only node-2 has failed, found %+v", nodes)
	}
	want := "not Ready: NodeStatusUnknown: Kubelet stopped posting node status, since 2026-11-27T12:00:00Z"
	if n := nodes[1]; n.Failed != want || n.Remedy != "look at the node and at its kubelet: kubectl describe node node-1" {
		t.Errorf("expected %q and a remedy, found %+v", want, n)
	}
}

func TestACauseOfAPodIsSplitFromItsRemedy(t *testing.T) {
	var n Node
	cause := &diagnose.Cause{What: "the image cannot be pulled", Why: "not found", Remedy: "use another"}
	n.fail(fmt.Errorf("pod %q is not ready: %w; %s", "reach-0-x", cause, cause.Remedy))
	if n.Failed != "its pod is not ready: the image cannot be pulled: not found" || n.Remedy != "use another" {
		t.Errorf("found %+v", n)
	}
}

func TestFirstThoseThatTakePartByZoneAndNumber(t *testing.T) {
	nodes := []Node{
		{Name: "a", Skipped: "cordoned"}, {Name: "node-10", Zone: "a"}, {Name: "b", Failed: "x"}, {Name: "node-2", Zone: "b"}, {Name: "node-9", Zone: "a"}, {Name: "a", Failed: "x"},
	}
	sortNodes(nodes)
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	if want := []string{"node-9", "node-10", "node-2", "a", "b", "a"}; !slices.Equal(names, want) {
		t.Errorf("expected %q, found %q", want, names)
	}
}

// TestAPolicyIsTheCauseOfSilence: of pairs without an answer, not of those that are refused.
func TestAPolicyIsTheCauseOfSilence(t *testing.T) {
	const policies = "; NetworkPolicies that select the run's pods: deny-all"
	for outcome, want := range map[probe.Outcome]string{
		probe.Timeout: "timed out" + policies, probe.Unreachable: "unreachable" + policies, probe.Refused: "refused",
	} {
		r := &Result{Nodes: []Node{{Name: "node-1"}, {Name: "node-2"}}, Matrix: NewMatrix(AllPairs(2), IPv4), Policies: []string{"deny-all"}}
		for from := range 2 {
			r.Matrix.Set(IPv4, from, from, Sample{Outcome: probe.Answered})
			r.Matrix.Set(IPv4, from, 1-from, Sample{Outcome: outcome})
		}
		found := r.Findings()
		if len(found) != 1 || found[0].Cause != want || strings.Contains(found[0].Do(r.Nodes), "NetworkPolicies") != (outcome != probe.Refused) {
			t.Errorf("%s: expected %q, found %+v", outcome, want, found)
		}
	}
}
