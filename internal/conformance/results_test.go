package conformance

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// lines are results as ID: RESULT REASON, but for those that passed.
func lines(results []v1alpha1.AssertionResult) (out []string) {
	for _, r := range results {
		if r.Result != v1alpha1.AssertionPassed {
			out = append(out, strings.TrimSpace(r.ID+": "+string(r.Result)+" "+r.Reason))
		}
	}
	return out
}

func TestTheClaimsOfARunBecomeResults(t *testing.T) {
	p := &examplePart{}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		p.checks = append(p.checks, Check{Assertion: v1alpha1.Assertion{ID: id}})
	}
	claim := func(id string, outcome v1alpha1.Outcome) v1alpha1.Claim {
		return v1alpha1.Claim{ID: id, Claim: "the claim has one prose", Outcome: outcome, Expression: "exitCode == 0"}
	}
	done := &v1alpha1.Report{Scenarios: []v1alpha1.Scenario{
		{Steps: []v1alpha1.Step{
			{Claims: []v1alpha1.Claim{claim("a", v1alpha1.Met), claim("b", v1alpha1.Failed)}, Stderr: "first\nno answer\n"},
			{Claims: []v1alpha1.Claim{claim("c", v1alpha1.NotChecked)}, Stderr: "curl: (28) timed out\n",
				Failure: &v1alpha1.Failure{Message: "exec: exit code 28", Verdict: v1alpha1.ClaimFailed}},
			{Claims: []v1alpha1.Claim{claim("d", v1alpha1.NotChecked)}, Skipped: true},
		}},
		{Steps: []v1alpha1.Step{{Claims: []v1alpha1.Claim{claim("e", v1alpha1.NotChecked)},
			Failure: &v1alpha1.Failure{Message: "wait: timed out", Verdict: v1alpha1.CouldNotRun, Cause: v1alpha1.Cause{What: "w", Why: "y"}}}}},
	}}
	want := []string{
		"b: Failed expression exitCode == 0; no answer",
		"c: Failed exec: exit code 28; curl: (28) timed out",
		"d: NotChecked exec: exit code 28; curl: (28) timed out",
		"e: NotChecked wait: timed out; w; y",
	}
	if found := lines(p.results(done, nil)); !slices.Equal(found, want) {
		t.Errorf("expected\n%s\nfound\n%s", strings.Join(want, "\n"), strings.Join(found, "\n"))
	}
	if found := lines(p.results(&v1alpha1.Report{RunResult: v1alpha1.RunResult{Error: "no cluster"}}, nil)); len(found) != 5 || found[0] != "a: NotChecked no cluster" {
		t.Errorf("found %q", found)
	}
	stopped := &v1alpha1.Report{Scenarios: []v1alpha1.Scenario{{Steps: []v1alpha1.Step{{Claims: []v1alpha1.Claim{claim("a", v1alpha1.Met), claim("b", v1alpha1.NotChecked)}}}}}}
	if found := lines(p.results(stopped, errors.New("stopped"))); len(found) != 4 || found[0] != "b: NotChecked stopped" || found[1] != "c: NotChecked stopped" {
		t.Errorf("found %q", found)
	}
}

// onNodes and inNetwork are the checks of the profile network on pairs of nodes, and on
// vantage points.
var (
	onNodes   = (&Suite{}).parts(Network)[0].checks
	inNetwork = (&Suite{}).parts(Network)[1].checks
)

// nodes are two of the matrix, and one that is not in it.
func nodes(change func(*reach.Result, func(from, to int, s reach.Sample))) *reach.Result {
	r := &reach.Result{Nodes: []reach.Node{
		{Name: "node-1", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")}},
		{Name: "node-2", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::2")}},
		{Name: "cordoned", Skipped: "cordoned"},
	}}
	r.Matrix = reach.NewMatrix(reach.AllPairs(2), reach.IPv4, reach.IPv6)
	set := map[[2]int]reach.Sample{}
	change(r, func(from, to int, s reach.Sample) { set[[2]int{from, to}] = s })
	for _, f := range []reach.Family{reach.IPv4, reach.IPv6} {
		for from := range 2 {
			for to := range 2 {
				s, other := set[[2]int{from, to}]
				if !other || f == reach.IPv6 {
					s = reach.Sample{Outcome: probe.Answered}
				}
				r.Matrix.Set(f, from, to, s)
			}
		}
	}
	return r
}

func TestTheMatrixBecomesResults(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*reach.Result, func(from, to int, s reach.Sample))
		want   []string
	}{
		"all is well": {func(*reach.Result, func(int, int, reach.Sample)) {}, nil},
		"no route": {func(_ *reach.Result, set func(int, int, reach.Sample)) {
			set(0, 1, reach.Sample{Outcome: probe.Timeout})
		},
			[]string{"all-nodes-reach-all-nodes: Failed node-1 → node-2 over IPv4: timed out"}},
		"somebody else": {func(_ *reach.Result, set func(int, int, reach.Sample)) {
			set(1, 0, reach.Sample{Outcome: probe.WrongAnswer, Detail: "the pod on node-2 answered"})
		}, []string{"addresses-lead-to-their-pods: Failed node-2 → node-1 over IPv4: wrong answer: the pod on node-2 answered"}},
		"translated": {func(_ *reach.Result, set func(int, int, reach.Sample)) {
			set(1, 0, reach.Sample{Outcome: probe.Answered, SeenAs: netip.MustParseAddr("10.89.0.12")})
		}, []string{"no-nat-between-nodes: Failed node-2 → node-1 over IPv4: source-NATed to 10.89.0.12"}},
		"a mesh, whose proxies say nothing of the network": {func(_ *reach.Result, set func(int, int, reach.Sample)) {
			set(1, 0, reach.Sample{Outcome: probe.Answered, SeenAs: netip.MustParseAddr("127.0.0.6")})
		}, []string{"no-nat-between-nodes: Skipped node-2 → node-1 over IPv4: seen as 127.0.0.6 through a proxy in the pod, as those of service meshes"}},
		"a kubelet that is stopped": {func(r *reach.Result, _ func(int, int, reach.Sample)) {
			r.Nodes[2] = reach.Node{Name: "node-3", Failed: "not Ready: NodeStatusUnknown: Kubelet stopped posting node status"}
		}, []string{"every-node-runs-pods: Failed node-3: not Ready: NodeStatusUnknown: Kubelet stopped posting node status"}},
		"a node that goes down meanwhile explains its pairs": {func(r *reach.Result, set func(int, int, reach.Sample)) {
			r.Nodes[1].Failed = "not Ready: NodeStatusUnknown"
			set(0, 1, reach.Sample{Outcome: probe.Timeout})
		}, []string{"every-node-runs-pods: Failed node-2: not Ready: NodeStatusUnknown"}},
		"a pod that does not start": {func(r *reach.Result, _ func(int, int, reach.Sample)) {
			r.Nodes[2] = reach.Node{Name: "node-3", Failed: "its pod is not ready"}
		}, []string{"every-node-runs-pods: Failed node-3: its pod is not ready"}},
		"a family that is missing": {func(r *reach.Result, _ func(int, int, reach.Sample)) {
			r.Nodes[1].Addresses = r.Nodes[1].Addresses[:1]
		}, []string{"every-pod-has-every-family: Failed pods on node-2 have no address of a family that others have: no IPv6 address"}},
	} {
		if found := lines(judgeNodes(onNodes, nodes(tc.change), nil, false)); !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected\n%s\nfound\n%s", name, strings.Join(tc.want, "\n"), strings.Join(found, "\n"))
		}
	}
	slow := nodes(func(_ *reach.Result, set func(from, to int, s reach.Sample)) {
		set(0, 1, reach.Sample{Outcome: probe.Slow, P50: 240 * time.Millisecond})
	})
	if found := warningsOf(slow); len(found) != 1 || !strings.Contains(found[0], "slow") {
		t.Errorf("expected a warning of the slow pair, found %q", found)
	}
	if failed := lines(judgeNodes(onNodes, slow, nil, false)); failed != nil {
		t.Errorf("expected that no assertion is about a slow pair, found %q", failed)
	}
	denied := nodes(func(r *reach.Result, set func(from, to int, s reach.Sample)) {
		set(0, 1, reach.Sample{Outcome: probe.Timeout})
		r.Policies = []string{"deny-all"}
	})
	if found, want := lines(judgeNodes(onNodes, denied, nil, false)), []string{
		"all-nodes-reach-all-nodes: Failed node-1 → node-2 over IPv4: timed out; NetworkPolicies select the pods: deny-all",
	}; !slices.Equal(found, want) {
		t.Errorf("a NetworkPolicy: expected %q, found %q", want, found)
	}
	one := &reach.Result{Nodes: []reach.Node{{Name: "node-1", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}}, Matrix: reach.NewMatrix(reach.AllPairs(1), reach.IPv4)}
	one.Matrix.Set(reach.IPv4, 0, 0, reach.Sample{Outcome: probe.Answered})
	if found, want := lines(judgeNodes(onNodes, one, nil, false)), []string{
		"all-nodes-reach-all-nodes: Skipped only one node is schedulable", "no-nat-between-nodes: Skipped only one node is schedulable",
	}; !slices.Equal(found, want) {
		t.Errorf("one node: expected %q, found %q", want, found)
	}
	none := &reach.Result{Nodes: []reach.Node{{Name: "node-1", Failed: "no image"}}}
	if found := lines(judgeNodes(onNodes, none, errors.New("no pod could start"), false)); len(found) != len(onNodes) || !strings.Contains(found[4], "NotChecked no pod could start") {
		t.Errorf("no pod at all: found %q", found)
	}
	// What a run that was ended did not get to is neither passed nor failed.
	late := nodes(func(r *reach.Result, set func(from, to int, s reach.Sample)) {
		r.Nodes[2] = reach.Node{Name: "node-3", Failed: "its pod is not ready: timed out after 3s"}
		set(0, 1, reach.Sample{Outcome: probe.Timeout})
	})
	found := lines(judgeNodes(onNodes, late, errors.New("timed out after 3s"), true))
	if len(found) != len(onNodes) || found[0] != "every-node-runs-pods: NotChecked timed out after 3s" ||
		!strings.Contains(found[1], "Failed node-1 → node-2") || found[3] != "no-nat-between-nodes: NotChecked timed out after 3s" {
		t.Errorf("a run that was ended: found %q", found)
	}
}

func TestTheTruthTableBecomesResults(t *testing.T) {
	row := func(place reach.VantagePoint, to reach.To, address string, res probe.Result) reach.Row {
		return reach.Row{From: place, To: to, Address: netip.AddrPortFrom(netip.MustParseAddr(address), 9876), Expected: reach.Reached, Result: res}
	}
	answered := probe.Result{Outcome: probe.Answered, Connected: true, Version: "mine"}
	translated := answered
	translated.From = netip.MustParseAddr("10.89.0.11")
	near := row(reach.SameNode, reach.PodIP, "10.0.0.5", translated)
	near.Own = []netip.Addr{netip.MustParseAddr("10.0.0.6")}
	node := row(reach.HostNetwork, reach.PodIP, "10.0.0.5", probe.Result{})
	node.Skipped = "restricted forbids hostNetwork"
	table := &reach.Table{Target: reach.Target{Version: "mine"}, Rows: []reach.Row{
		row(reach.Container, reach.Localhost, "127.0.0.1", answered),
		row(reach.Sibling, reach.Localhost, "::1", probe.Result{Outcome: probe.Refused, Err: "connection refused"}),
		row(reach.Sibling, reach.PodIP, "10.0.0.5", answered), near, node,
	}}
	probed := slices.DeleteFunc(slices.Clone(inNetwork), func(c Check) bool { return !slices.ContainsFunc(table.Rows, c.rows.has) })
	want := []string{
		"localhost-in-every-family: Failed sibling container → [::1]:9876: refused; connection refused",
		"same-node-in-every-family: Failed pod, same node → 10.0.0.5:9876: source-NATed to 10.89.0.11",
		"node-reaches-its-pods: Skipped restricted forbids hostNetwork",
	}
	if found := lines(judgePlaces(probed, table)); !slices.Equal(found, want) {
		t.Errorf("expected\n%s\nfound\n%s", strings.Join(want, "\n"), strings.Join(found, "\n"))
	}
}

func TestThePluginIsKnownByItsDaemonSet(t *testing.T) {
	set := func(name, image string) appsv1.DaemonSet {
		d := appsv1.DaemonSet{}
		d.Name = name
		d.Spec.Template.Spec.Containers = []corev1.Container{{Image: image}}
		return d
	}
	for want, sets := range map[string][]appsv1.DaemonSet{
		"":               {set("kube-proxy", "registry.k8s.io/kube-proxy:v1.37.2")},
		"calico v3.31.0": {set("kube-proxy", "x:1"), set("calico-node", "quay.io:443/calico/node:v3.31.0")},
		"cilium v1.19.1": {set("cilium", "quay.io/cilium/cilium:v1.19.1@sha256:00")},
		"kindnet":        {set("kindnet", "localhost:5000/kindnetd")},
	} {
		if found := pluginOf(sets); found != want {
			t.Errorf("expected %q, found %q", want, found)
		}
	}
}

func TestOneReasonIsReportedOnce(t *testing.T) {
	if got := join("a", " a ", "", errors.New("b").Error()); got != "a; b" {
		t.Errorf("found %q", got)
	}
}
