package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// matrixOf runs `reach --nodes` to its end, and returns its report.
func matrixOf(t *testing.T, c *exec.Cmd, wantCode int) *v1alpha1.Reach {
	t.Helper()
	c.Args = append(c.Args, "-o", "json")
	if !slices.Contains(c.Args, "--slow") {
		c.Args = append(c.Args, "--slow", "30s") // how busy this machine is, is not asked
	}
	stdout, stderr, code := outcome(t, c)
	var r v1alpha1.Reach
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || r.Kind != v1alpha1.ReachKind || r.Matrix == nil {
		t.Fatalf("expected a report of kind Reach with a matrix, found %v:\n%s%s", err, stdout, stderr)
	}
	if code != wantCode {
		t.Errorf("expected exit code %d, found %d:\n%s%s", wantCode, code, stdout, stderr)
	}
	return &r
}

// failingPairs lists the pairs that are not reachable, in the order of the report.
func failingPairs(m *v1alpha1.Matrix) (list []string) {
	for _, p := range m.Pairs {
		if p.State != v1alpha1.PairReachable && p.State != v1alpha1.PairSlow {
			list = append(list, p.Family+" "+p.From+" "+p.To+" "+string(p.State))
		}
	}
	return list
}

func findingTexts(m *v1alpha1.Matrix) (list []string) {
	for _, f := range m.Findings {
		if !f.Warning {
			list = append(list, f.Text+": "+f.Cause)
		}
	}
	return list
}

// assertAllReach asserts that each of the nodes reaches each, itself too, in every
// family, and was measured.
func assertAllReach(t *testing.T, m *v1alpha1.Matrix, nodes []string, families ...string) {
	t.Helper()
	found := map[string]bool{}
	for _, p := range m.Pairs {
		found[p.Family+" "+p.From+" "+p.To] = true
		if p.P50Microseconds <= 0 || p.P99Microseconds < p.P50Microseconds {
			t.Errorf("%s → %s: expected latencies, found p50 %d µs and p99 %d µs", p.From, p.To, p.P50Microseconds, p.P99Microseconds)
		}
	}
	if failing := failingPairs(m); len(failing) > 0 || len(m.Findings) > 0 {
		t.Errorf("expected that all is reachable, found %q, %+v", failing, m.Findings)
	}
	for _, f := range families {
		for _, from := range nodes {
			for _, to := range nodes {
				if !found[f+" "+from+" "+to] {
					t.Errorf("%s: expected that %s asks %s", f, from, to)
				}
			}
		}
	}
	if want := len(families) * len(nodes) * len(nodes); len(m.Pairs) != want {
		t.Errorf("expected %d pairs, found %d", want, len(m.Pairs))
	}
}

// familiesOf are those that the cluster's pods have.
func familiesOf(m *v1alpha1.Matrix) (list []string) {
	for _, f := range m.Families {
		list = append(list, f.Family)
	}
	return list
}

func TestEveryNodeReachesEveryNode(t *testing.T) {
	nodes := schedulableNodes(t.Context(), t)
	r := matrixOf(t, plugin(t, "reach", "--nodes"), 0)
	if r.Verdict != v1alpha1.Passed || len(r.Matrix.Families) == 0 {
		t.Errorf("found verdict %s and families %v", r.Verdict, r.Matrix.Families)
	}
	assertAllReach(t, r.Matrix, nodes, familiesOf(r.Matrix)...)
	if single := r.Matrix.CrossNodeSkipped != ""; single != (len(nodes) == 1) {
		t.Errorf("%d nodes: found %q", len(nodes), r.Matrix.CrossNodeSkipped)
	}
	assertNoNamespace(t, r.Run.Namespace)
}

// partitioned cuts two nodes of the suite's cluster off from each other until the
// test ends.
func partitioned(t *testing.T, a, b string) {
	t.Helper()
	if err := embedded.SetFault(t.Context(), "partition", a, b); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := embedded.ClearFault(context.Background(), "partition"); err != nil {
			t.Error(err)
		}
	})
}

func TestAPartitionIsExactlyTwoRedPairs(t *testing.T) {
	if embedded == nil {
		t.Skip("cuts nodes off from each other, which only the embedded cluster lets it do")
	}
	nodes := schedulableNodes(t.Context(), t)
	partitioned(t, "node-2", "node-3")
	r := matrixOf(t, plugin(t, "reach", "--nodes"), 1)
	want := []string{"IPv4 node-2 node-3 TimedOut", "IPv4 node-3 node-2 TimedOut"}
	if got := failingPairs(r.Matrix); !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
	if got, want := findingTexts(r.Matrix), []string{"node-2 ⇎ node-3: timed out"}; !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
	results.reach(29, "two nodes that are cut off from each other; kubectl kbe reach --nodes", r, 1)
	if err := embedded.ClearFault(t.Context(), "partition"); err != nil {
		t.Fatal(err)
	}
	assertAllReach(t, matrixOf(t, plugin(t, "reach", "--nodes"), 0).Matrix, nodes, "IPv4")
}

// A claim about the network that fails says between which pods and nodes, and what to do next:
// the target's own node reaches it, the other one does not.
func TestAClaimThatAPartitionFailsSaysWhere(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("cuts nodes off from each other, which only the embedded cluster lets it do")
	}
	nodes := schedulableNodes(t.Context(), t)
	for i, a := range nodes {
		for _, b := range nodes[i+1:] {
			partitioned(t, a, b)
		}
	}
	stdout, stderr, code := outcome(t, plugin(t, "pods", "reachability", "-o", "json"))
	var r v1alpha1.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 1 {
		t.Fatalf("expected exit code 1 and a report, found %d, %v:\n%s%s", code, err, stdout, stderr)
	}
	what := regexp.MustCompile(`^pod "far" on node "node-\d" got no answer from pod "target" on node "node-\d": the network between these nodes fails$`)
	why := regexp.MustCompile(`^curl: \(28\) .*; it did answer pod "near" on node "node-\d"$`)
	var failures []string
	for _, st := range r.Scenarios[0].Steps {
		if f := st.Failure; f != nil {
			failures = append(failures, f.What+" | "+f.Why+" | "+f.Remedy)
			if !what.MatchString(f.What) || !why.MatchString(f.Why) || !strings.HasSuffix(f.Remedy, "kubectl kbe reach --nodes") {
				t.Errorf("found %+v", f)
			}
		}
	}
	if len(failures) != 1 {
		t.Errorf("expected that one step fails, found %q", failures)
	}
}

// awaitLine reads until a line holds the text, and leaves the rest to be discarded.
func awaitLine(t *testing.T, in io.Reader, text string) {
	t.Helper()
	var story strings.Builder
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if strings.Contains(lines.Text(), text) {
			go func() { _, _ = io.Copy(io.Discard, in) }()
			return
		}
		story.WriteString(lines.Text() + "\n")
	}
	t.Fatalf("expected a line with %q, found the end of\n%s", text, story.String())
}

// A partition makes node-3 probe for seconds; meanwhile it stands still.
func TestANodeThatStandsStillMidRunIsNamed(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("pauses a node, which only the embedded cluster lets it do")
	}
	partitioned(t, "node-2", "node-3")
	c, story := reachNodesUntil(t, "probing")
	if err := embedded.SetFault(t.Context(), "pause", "node-3"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := embedded.ClearFault(context.Background(), "pause", "node-3"); err != nil {
			t.Error(err)
		}
		// With its first look after the pause, the kubelet may find that the runtime is down.
		awaitLease(t, "node-3", time.Now().Add(5*time.Second))
		awaitNode(t, "node-3")
	})
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 3 {
		t.Errorf("expected exit code 3, found %d", code)
	}
	for _, want := range []string{"✗ node-3 could not take part", "its pod could not probe", "is the node down?", "No kubelet confirmed that these pods stopped", "on node-3."} {
		if !strings.Contains(strings.Join(strings.Fields(story.String()), " "), want) {
			t.Errorf("expected %q in the story, found:\n%s", want, story.String())
		}
	}
	assertNoNamespace(t, namespaceOf(t, story.String()))
}

// reachNodesUntil starts a run of all pairs of nodes, and returns when it has printed a text
// to standard error; story gets what it prints to standard output.
func reachNodesUntil(t *testing.T, text string) (c *exec.Cmd, story *strings.Builder) {
	t.Helper()
	c, story = plugin(t, "reach", "--nodes"), &strings.Builder{}
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout = story
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, stderr, text)
	return c, story
}

// A node loses its power while the run waits for its pod. The run ends when the cluster
// knows, and says so within two seconds; the next run knows from the beginning.
func TestANodeThatGoesDownIsNamedWhenTheClusterKnows(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("cuts a node's power, which only the embedded cluster lets it do")
	}
	t.Cleanup(func() {
		if err := embedded.ClearFault(context.Background(), "power-off", "node-3"); err != nil {
			t.Error(err)
		}
	})
	if err := embedded.SetFault(t.Context(), "power-off", "node-3"); err != nil {
		t.Fatal(err)
	}
	c, story := reachNodesUntil(t, `node "node-3" is not Ready: NodeStatusUnknown: Kubelet stopped posting node`)
	since, said := notReadySince(t, "node-3"), time.Now()
	_ = c.Wait()
	// The cluster has times in whole seconds, so the line may have come up to one later.
	if late := said.Sub(since); late > 3*time.Second {
		t.Errorf("expected that the node is named within 2 s of %s, found %s", since, late)
	}
	assertNodeDown(t, story.String(), c.ProcessState.ExitCode())

	stdout, _, code := outcome(t, plugin(t, "reach", "--nodes"))
	assertNodeDown(t, stdout, code)
	r := matrixOf(t, plugin(t, "reach", "--nodes"), 3)
	if r.VerdictMilliseconds > 20_000 {
		t.Errorf("expected that a node that is down is not waited for, found a verdict after %d ms", r.VerdictMilliseconds)
	}
	if f := r.Matrix.Findings; len(f) != 1 || f[0].Remedy != "look at the node and at its kubelet: kubectl describe node node-3" {
		t.Errorf("expected one finding with a remedy, found %+v", f)
	}
}

// assertNodeDown asserts the story of a run on three nodes, of which node-3 is down.
func assertNodeDown(t *testing.T, story string, code int) {
	t.Helper()
	if code != 3 {
		t.Errorf("expected exit code 3, found %d", code)
	}
	text := strings.Join(strings.Fields(story), " ")
	for _, want := range []string{
		"✗ node-3 could not take part why not Ready: NodeStatusUnknown: Kubelet stopped posting node status, since 20",
		"✗ 2 of 3 nodes took part, 4 of 4 pairs reachable.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("expected %q in the story, found:\n%s", want, story)
		}
	}
	assertNoNamespace(t, namespaceOf(t, story))
}

// notReadySince is when the cluster found a node not Ready.
func notReadySince(t *testing.T, name string) time.Time {
	t.Helper()
	node, err := client(t).CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cause := diagnose.Node(node)
	if cause == nil {
		t.Fatalf("node %q: expected it not Ready, found %+v", name, node.Status.Conditions)
	}
	return cause.Since
}

func TestACordonedNodeIsReportedAndNotWaitedFor(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("cordons a node, which a test does not do to somebody's cluster")
	}
	nodes := schedulableNodes(t.Context(), t)
	cordon := func(ctx context.Context, is string) {
		patch := []byte(`{"spec":{"unschedulable":` + is + `}}`)
		if _, err := client(t).CoreV1().Nodes().Patch(ctx, "node-2", types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Error(err)
		}
	}
	cordon(t.Context(), "true")
	t.Cleanup(func() { cordon(context.Background(), "false") })
	r := matrixOf(t, plugin(t, "reach", "--nodes"), 0)
	if !slices.ContainsFunc(r.Matrix.Nodes, func(n v1alpha1.MatrixNode) bool { return n.Name == "node-2" && n.Skipped == "cordoned" }) {
		t.Errorf("expected node-2, cordoned; found %+v", r.Matrix.Nodes)
	}
	assertAllReach(t, r.Matrix, slices.DeleteFunc(nodes, func(n string) bool { return n == "node-2" }), "IPv4")
}

// A user with no permission beyond a namespace: the run is refused before it creates
// anything, with the permission that is missing and the role that grants it.
func TestNodesThatMayNotBeListedAreRefused(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "no-nodes")
	user := envconf.RandomName("jane", 10)
	grant(t, user, f.session.Namespace, rbac.ProbePods())
	assertNodesRefused(t, f, user)
}

// assertNodesRefused asserts that `reach --nodes` needs the list of nodes, says so, and
// creates nothing.
func assertNodesRefused(t *testing.T, f *fixture, user string) {
	t.Helper()
	stdout, stderr, code := outcome(t, plugin(t, "reach", "--nodes", "-n", f.session.Namespace, "--as", user))
	if code != 3 || stdout != "" {
		t.Errorf("expected exit code 3 and no story, found %d: %s", code, stdout)
	}
	for _, want := range []string{`nothing was created, because user "` + user + `" lacks these permissions:`, "  list nodes in the cluster\n", " --cluster-scoped --for reach-nodes --user " + user + " | kubectl apply -f -\n"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("expected %q, found %s", want, stderr)
		}
	}
	assertPods(t, f.session.Namespace)
}

func TestAnInterruptedMatrixLeavesNothing(t *testing.T) {
	exhaustive(t)
	c, story := reachNodesUntil(t, "starting pods")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 128+int(syscall.SIGINT) {
		t.Errorf("expected exit code 130, found %d:\n%s", code, story.String())
	}
	assertNoNamespace(t, namespaceOf(t, story.String()))
}

// TestMatrixRequests counts what a run asks of the API server: two requests per
// node, one of which is the only exec, and as many besides as on any other cluster.
func TestMatrixRequests(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs the audit log of the embedded cluster")
	}
	r := matrixOf(t, plugin(t, "reach", "--nodes"), 0)
	log, err := embedded.Log(t.Context(), "audit")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(log) {
		var ev auditEvent
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		o := ev.ObjectRef
		if ev.Stage == "ResponseComplete" && strings.HasPrefix(ev.UserAgent, "kubectl-kbe/") && (o.Namespace == r.Run.Namespace || o.Name == r.Run.Namespace) {
			counts[strings.TrimSuffix(ev.Verb+" "+o.Resource+"/"+o.Subresource, "/")]++
		}
	}
	n := len(slices.DeleteFunc(r.Matrix.Nodes, func(n v1alpha1.MatrixNode) bool { return n.Skipped != "" }))
	for request, want := range map[string]int{
		"create pods":           n + 1, // and one that asks admission, and creates nothing
		"get pods/exec":         n,
		"watch pods":            2, // the run, and its cleanup
		"list pods":             0, // the cleanup's watch begins with the pods that exist
		"get pods":              0,
		"delete pods":           0,
		"deletecollection pods": 1,
	} {
		if counts[request] != want {
			t.Errorf("%s: expected %d, found %d", request, want, counts[request])
		}
	}
	total := 0
	for _, count := range counts {
		total += count
	}
	if most := 2*n + 12; total > most {
		t.Errorf("%d nodes: expected at most %d requests, found %d: %v", n, most, total, counts)
	}
}

// TestMatrixOfTwoFamilies needs its own cluster: each pod has two addresses,
// each is tested, and a fault that both show is reported once.
func TestMatrixOfTwoFamilies(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("makes a dual-stack cluster, which only kbe-cluster can")
	}
	dual := provider.NewEmbedded()
	dual.WithName(envconf.RandomName("kbe-dual", 13)).WithVersion(*kubernetesFlag)
	t.Cleanup(func() {
		if err := dual.Destroy(context.Background()); err != nil {
			t.Error(err)
		}
	})
	kubeconfig, err := dual.Create(t.Context(), "--nodes", "3", "--ip-family", "dual")
	if err != nil {
		t.Fatal(err)
	}
	on := func(args ...string) *exec.Cmd { return plugin(t, append(args, "--kubeconfig", kubeconfig)...) }
	nodes := []string{"node-1", "node-2", "node-3"}
	assertAllReach(t, matrixOf(t, on("reach", "--nodes"), 0).Matrix, nodes, "IPv4", "IPv6")

	if err := dual.SetFault(t.Context(), "partition", "node-1", "node-3"); err != nil {
		t.Fatal(err)
	}
	m := matrixOf(t, on("reach", "--nodes"), 1).Matrix
	want := []string{"IPv4 node-1 node-3 TimedOut", "IPv4 node-3 node-1 TimedOut", "IPv6 node-1 node-3 TimedOut", "IPv6 node-3 node-1 TimedOut"}
	if got := failingPairs(m); !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
	if got, want := findingTexts(m), []string{"node-1 ⇎ node-3: timed out"}; !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
}

func TestAnImageThatNoNodeCanPullIsReportedOnce(t *testing.T) {
	exhaustive(t)
	nodes := schedulableNodes(t.Context(), t)
	stdout, stderr, code := outcome(t, plugin(t, "reach", "--nodes", "--image", "shell=localhost:5999/missing:1", "-o", "json"))
	var r v1alpha1.Reach
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 3 || r.Matrix == nil {
		t.Fatalf("expected exit code 3 and a report, found %d, %v:\n%s%s", code, err, stdout, stderr)
	}
	if f := r.Matrix.Findings; len(f) != 1 || !strings.Contains(f[0].Cause, "localhost:5999/missing:1") || len(nodes) <= 4 && f[0].Text != strings.Join(nodes, ", ")+" could not take part" || f[0].Remedy == "" {
		t.Errorf("expected one finding, of the nodes %v, found %+v", nodes, f)
	}
	for _, n := range r.Matrix.Nodes {
		if n.Skipped == "" && n.Failed == "" {
			t.Errorf("node %s: expected that it failed, found %+v", n.Name, n)
		}
	}
}
