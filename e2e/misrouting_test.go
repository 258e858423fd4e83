package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// masqueraded has pods of nodes of the suite's cluster seen under the nodes'
// addresses until the test ends.
func masqueraded(t *testing.T, nodes ...string) {
	t.Helper()
	t.Cleanup(func() { must(context.Background(), t, clearFault("masquerade")) })
	for _, node := range nodes {
		must(t.Context(), t, setFault("masquerade", node))
	}
}

// diverted has the second pod answer at the first one's address until the test ends.
func diverted(t *testing.T, address, to string) {
	t.Helper()
	t.Cleanup(func() { must(context.Background(), t, clearFault("divert")) })
	must(t.Context(), t, setFault("divert", address, to))
}

// nodeAddress is what others see of a masqueraded Pod.
func nodeAddress(t *testing.T, name string) string {
	t.Helper()
	node, err := client(t).CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(node.Status.Addresses, func(a corev1.NodeAddress) bool { return a.Type == corev1.NodeInternalIP })
	return node.Status.Addresses[i].Address
}

func TestPodsThatAreSeenUnderTheirNodesAddressAreAFinding(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("translates addresses, which only the embedded cluster lets it do")
	}
	masqueraded(t, "node-2")
	address := nodeAddress(t, "node-2")
	r := matrixOf(t, plugin(t, "reach", "--nodes"), 0)
	if len(r.Matrix.Findings) != 1 || !r.Matrix.Findings[0].Warning ||
		r.Matrix.Findings[0].Text != "pods on node-2 are source-NATed to "+address {
		t.Errorf("expected a warning that names node-2 and %s, found %+v", address, r.Matrix.Findings)
	}
	for _, p := range r.Matrix.Pairs {
		want := ""
		if p.From == "node-2" && p.To != "node-2" {
			want = address
		}
		if p.State != v1alpha1.PairReachable || p.SeenAs != want {
			t.Errorf("%s → %s: expected that it is reached, and the caller seen as %q; found %+v", p.From, p.To, want, p)
		}
	}
}

func TestATranslatedCallerIsAWarningOfReach(t *testing.T) {
	exhaustive(t)
	nodes := schedulableNodes(t.Context(), t)
	if embedded == nil || len(nodes) < 2 {
		t.Skip("translates addresses between nodes, which only the embedded cluster lets it do")
	}
	masqueraded(t, nodes...)
	r, code := reachPod(t)
	if code != 0 || r.Verdict != v1alpha1.Passed {
		t.Errorf("expected that the pod is reached all the same, found exit code %d, %s", code, r.Verdict)
	}
	assertCause(t, r, "something translates addresses between pods (SNAT)", "was source-NATed to 10.89.0.")
	for _, v := range r.Vantages {
		if v.SNAT != (v.Place == "other-node") {
			t.Errorf("%s: found SNAT %t, %s", v.Place, v.SNAT, v.From)
		}
	}
}

// The claim of the caller on the target's own node holds: between these two
// nothing is translated.
func TestATranslatedCallerFailsTheClaimOnItsAddress(t *testing.T) {
	exhaustive(t)
	nodes := schedulableNodes(t.Context(), t)
	if embedded == nil || len(nodes) < 2 {
		t.Skip("translates addresses between nodes, which only the embedded cluster lets it do")
	}
	masqueraded(t, nodes...)
	stdout, stderr, code := outcome(t, plugin(t, "pods", "reachability", "-o", "json"))
	var r v1alpha1.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 1 {
		t.Fatalf("expected exit code 1 and a report, found %d, %v:\n%s%s", code, err, stdout, stderr)
	}
	claims := map[v1alpha1.Outcome][]string{}
	for _, s := range r.Scenarios[0].Steps {
		for _, c := range s.Claims {
			claims[c.Outcome] = append(claims[c.Outcome], c.Claim)
		}
	}
	if want := []string{"The pod also answers the other caller and sees its pod IP"}; !slices.Equal(claims[v1alpha1.Failed], want) {
		t.Errorf("expected that exactly %q fails, found %q", want, claims)
	}
	if !slices.Contains(claims[v1alpha1.Met], "The pod answers the caller on the same node and sees its pod IP") {
		t.Errorf("expected that the claim of the same node holds, found %q", claims)
	}
}

func TestAPodThatAnswersInsteadIsNamed(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("diverts what is sent to a pod, which only the embedded cluster lets it do")
	}
	f := newFixture(t, "diverted")
	web := f.start(f.bound("", "0.0.0.0"))
	other := f.bound("", "0.0.0.0")
	other.Name = "impostor"
	impostor := f.start(other)
	diverted(t, web.Status.PodIP, impostor.Status.PodIP)
	r, code := reachPod(t, "web", "-n", f.session.Namespace, "--from", "container,same-node,other-node")
	if code != 1 || len(r.Causes) == 0 {
		t.Fatalf("expected exit code 1 and a cause, found %d, %+v", code, r)
	}
	who := `; that is pod "impostor" of namespace "` + f.session.Namespace + `" on ` + impostor.Spec.NodeName
	for _, c := range r.Causes {
		if c.What != "another program answers at "+web.Status.PodIP+":9876" || !strings.Contains(c.Why, who) {
			t.Errorf("expected that the impostor is named, found %+v", c)
		}
	}
	assertFound(t, r, map[string]string{"container": "Met answered", "same-node": "Failed wrongAnswer", "other-node": "Failed wrongAnswer"})
}

// awaitAddresses waits until the run's Pods on nodes have their addresses.
func awaitAddresses(t *testing.T, namespace string, nodes ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	eventually(t, fmt.Sprintf("pods of namespace %q on %v have addresses", namespace, nodes), func(ctx context.Context) bool {
		pods, err := client(t).CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false
		}
		for _, p := range pods.Items {
			if p.Status.PodIP != "" {
				found[p.Spec.NodeName] = p.Status.PodIP
			}
		}
		return !slices.ContainsFunc(nodes, func(n string) bool { return found[n] == "" })
	})
	return found
}

// The addresses of a run's pods are known, and its probes have not begun, as long
// as one node is slow to start its pod: it stands still.
func TestAWrongAnswererBetweenNodesIsNamed(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("diverts what is sent to a pod, which only the embedded cluster lets it do")
	}
	must(t.Context(), t, setFault("pause", "node-1"))
	resume := clearFault("pause", "node-1")
	t.Cleanup(func() { must(context.Background(), t, resume) })
	f := newFixture(t, "diverted")
	c := plugin(t, "reach", "--nodes", "-o", "json", "-n", f.session.Namespace)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := awaitAddresses(t, f.session.Namespace, "node-2", "node-3")
	diverted(t, addresses["node-3"], addresses["node-2"])
	must(t.Context(), t, resume)
	out, err := io.ReadAll(stdout)
	_ = c.Wait()
	var r v1alpha1.Reach
	if json.Unmarshal(out, &r) != nil || r.Matrix == nil || c.ProcessState.ExitCode() != 1 {
		t.Fatalf("expected exit code 1 and a matrix, found %d, %v:\n%s", c.ProcessState.ExitCode(), err, out)
	}
	if got, want := failingPairs(r.Matrix), []string{"IPv4 node-1 node-3 WrongAnswer"}; !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
	if got, want := findingTexts(r.Matrix), []string{"node-1 ⇏ node-3: wrong answer: the pod on node-2 answered"}; !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
}
