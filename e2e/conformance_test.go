package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/conformance"
)

// TestConformance checks the cluster against the whole suite: all examples of the
// catalogue, all pairs of nodes, all vantage points; make test has the profile with all kinds
// of checks alone.
func TestConformance(t *testing.T) {
	before := runNamespaces(t)
	report, dump := filepath.Join(t.TempDir(), "report.yaml"), ""
	if *artifactsFlag != "" {
		dump = filepath.Join(*artifactsFlag, "conformance")
	}
	profiles := []string{"pods", "network", "lifecycle", "restricted"}
	if testing.Short() {
		profiles = []string{"network"}
	}
	t.Run("suite", func(t *testing.T) {
		conformance.Run(t, conformance.Options{Kubeconfig: *kube.KubeConfig, Profiles: profiles, ReportFile: report, ArtifactsDir: dump})
	})
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var r v1alpha1.ConformanceReport
	if err := yaml.UnmarshalStrict(text, &r); err != nil || r.Kind != v1alpha1.ConformanceReportKind || len(r.Profiles) != len(profiles) || r.Cluster.Version == "" {
		t.Errorf("found %v, %+v", err, r)
	}
	if after := runNamespaces(t); !slices.Equal(before, after) {
		t.Errorf("expected the namespaces %v, found %v", before, after)
	}
}

// runNamespaces are the names of the Namespaces that runs have made.
func runNamespaces(t *testing.T) []string {
	t.Helper()
	list, err := client(t).CoreV1().Namespaces().List(context.Background(), metav1.ListOptions{LabelSelector: session.ManagedByLabel + "=" + session.ManagedBy})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, ns := range list.Items {
		names = append(names, ns.Name)
	}
	return names
}

// buildModule compiles the test of the module that uses the suite as others do.
var buildModule = sync.OnceValues(func() (string, error) {
	path := filepath.Join(dir, "conformance.test")
	c := exec.Command("go", "test", "-c", "-o", path, ".")
	c.Dir = "../docs/conformance-module"
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return path, c.Run()
})

// moduleTest returns a command that runs that test on the cluster.
func moduleTest(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := buildModule()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), path, append(args, "-kubeconfig", *kube.KubeConfig)...)
	c.Dir = t.TempDir()
	return c
}

func TestAnotherModuleRunsTheSuite(t *testing.T) {
	exhaustive(t)
	report := filepath.Join(t.TempDir(), "report.yaml")
	stdout, stderr, code := outcome(t, moduleTest(t, "-test.v", "-test.run", "TestConformance/network", "-report", report))
	if code != 0 || stderr != "" || !strings.Contains(stdout, "--- PASS: TestConformance/network/hairpin ") || strings.Contains(stdout, "TestConformance/pods/") {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), "verdict: Passed") {
		t.Errorf("found %v, %s", err, text)
	}
}

// TestASuiteThatIsStoppedLeavesNothing: by Ctrl-C, and by the test binary's own
// -timeout, which would end the process.
func TestASuiteThatIsStoppedLeavesNothing(t *testing.T) {
	exhaustive(t)
	before := runNamespaces(t)
	interrupted := moduleTest(t, "-test.run", "TestConformance/pods")
	var out bytes.Buffer
	interrupted.Stdout, interrupted.Stderr = &out, &out
	if err := interrupted.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a run has begun", func(context.Context) bool { return !slices.Equal(before, runNamespaces(t)) })
	if err := interrupted.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = interrupted.Wait()
	if code := interrupted.ProcessState.ExitCode(); code != 1 || !strings.Contains(out.String(), "stopped by a signal (interrupt); the suite's resources are deleted") {
		t.Errorf("expected exit code 1, found %d:\n%s", code, out.String())
	}
	if after := runNamespaces(t); !slices.Equal(before, after) {
		t.Errorf("Ctrl-C: expected the namespaces %v, found %v", before, after)
	}

	// In 20 s, a third of it, no machine runs these two to their end.
	stdout, stderr, code := outcome(t, moduleTest(t, "-test.run", "TestConformance/(lifecycle|restricted)", "-test.timeout", "60s"))
	if code != 1 || !strings.Contains(stdout, "-timeout is near: the suite stopped 40s before it, to clean up") {
		t.Errorf("expected exit code 1, found %d:\n%s%s", code, stdout, stderr)
	}
	if after := runNamespaces(t); !slices.Equal(before, after) {
		t.Errorf("-timeout: expected the namespaces %v, found %v", before, after)
	}
}

// TestANamespaceThatDoesNotExistIsOneError: of every command, and in its reports with what to do.
func TestANamespaceThatDoesNotExistIsOneError(t *testing.T) {
	for _, command := range []string{"pods", "reach", "conformance"} {
		_, stderr, code := outcome(t, plugin(t, command, "-n", "absent"))
		if want := "error: " + command + ": could not run: the namespace \"absent\" does not exist\n      do  create it, or leave -n out for a new one\n"; code != 3 || stderr != want {
			t.Errorf("%s: expected exit code 3 and %q, found %d, %q", command, want, code, stderr)
		}
		stdout, _, _ := outcome(t, plugin(t, command, "-n", "absent", "-o", "github"))
		if want := "::error title=kubectl kbe " + command + "%3A could not run::the namespace \"absent\" does not exist; create it, or leave -n out for a new one\n"; stdout != want {
			t.Errorf("%s: expected %q, found %q", command, want, stdout)
		}
	}
}

// conform runs the suite by the command, and returns its report and what did not pass.
func conform(t *testing.T, wantCode int, args ...string) (*v1alpha1.ConformanceReport, []string) {
	t.Helper()
	stdout, stderr, code := outcome(t, plugin(t, append([]string{"conformance", "-o", "json"}, args...)...))
	var r v1alpha1.ConformanceReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != wantCode {
		t.Fatalf("expected exit code %d and a report, found %d, %v:\n%s%s", wantCode, code, err, stdout, stderr)
	}
	var failed []string
	for _, p := range r.Profiles {
		for _, a := range p.Assertions {
			if a.Result == v1alpha1.AssertionFailed || a.Result == v1alpha1.AssertionNotChecked {
				failed = append(failed, a.ID)
			}
		}
	}
	return &r, failed
}

// TestAClusterThatViolatesFailsTheRightAssertion breaks the network in one way at a
// time, and sees which assertions of the profile network do not pass.
func TestAClusterThatViolatesFailsTheRightAssertion(t *testing.T) {
	exhaustive(t)
	if embedded == nil || len(schedulableNodes(t.Context(), t)) < 3 {
		t.Skip("breaks the network of a cluster of three nodes, which only the embedded cluster lets it do")
	}
	dir := t.TempDir()
	passed := filepath.Join(dir, "passed.json")
	if _, failed := conform(t, 0, "--profile", "network", "--report-file", "json="+passed); len(failed) > 0 {
		t.Fatalf("without a fault: expected that all pass, found %v", failed)
	}
	onAll := func(fault string) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, node := range []string{"node-1", "node-2", "node-3"} {
				if err := embedded.SetFault(ctx, fault, node); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, tc := range []struct {
		name       string
		fault, end func(context.Context) error
		// want are all that fail, or with more some of them.
		want []string
		more bool
	}{
		{"no route between two nodes", setFault("partition", "node-1", "node-3"), clearFault("partition"),
			[]string{"all-nodes-reach-all-nodes"}, false},
		{"network address translation between pods", onAll("masquerade"), clearFault("masquerade"), []string{"no-nat-between-nodes"}, false},
		{"no hairpins", onAll("no-hairpin"), clearFault("no-hairpin"), []string{"hairpin"}, false},
		{"one address for all pods of a node", onAll("duplicate"), clearFault("duplicate"), []string{"addresses-are-unique"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Cleanup(func() { must(context.Background(), t, tc.end) })
			must(t.Context(), t, tc.fault)
			found, junit, dump := filepath.Join(dir, "found.json"), filepath.Join(dir, "junit.xml"), t.TempDir()
			// Between nodes that are cut off, the pods of large, or those of the scenario about names and
			// the name server, may be, when the scheduler puts them there.
			_, failed := conform(t, 1, "--profile", "network", "--report-file", "json="+found, "--report-file", "junit="+junit, "--dump", dump)
			failed = slices.DeleteFunc(failed, func(id string) bool {
				return tc.want[0] == "all-nodes-reach-all-nodes" && (id == "large-messages-pass" || strings.HasPrefix(id, "service-is-reachable-by-name"))
			})
			for _, id := range tc.want {
				if !slices.Contains(failed, id) || !tc.more && len(failed) != len(tc.want) {
					t.Errorf("expected that %v fail, found %v", tc.want, failed)
				}
			}
			stdout, _, code := outcome(t, plugin(t, "diff", passed, found))
			if code != 1 || !strings.Contains(stdout, "✗ network/"+tc.want[0]+": Passed → Failed") {
				t.Errorf("diff: found exit code %d, %s", code, stdout)
			}
			text, err := os.ReadFile(junit)
			if complaint := validateJUnit(t, text); err != nil || complaint != "" {
				t.Errorf("JUnit: %v, %s", err, complaint)
			}
			if kept, _ := filepath.Glob(filepath.Join(dump, "network-*", "pods.yaml")); len(kept) == 0 {
				t.Error("expected the pods of what failed in the folder of --dump")
			}
		})
	}
}

// TestConformanceOfOtherClusters has clusters of one node and of others, by family;
// and one whose kubelet is stopped.
func TestConformanceOfOtherClusters(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("makes clusters of its own, which only kbe-cluster can")
	}
	suites := embedded
	suiteKube := kube
	t.Cleanup(func() { embedded, kube = suites, suiteKube })
	use := func(t *testing.T, args ...string) *provider.Embedded {
		c := provider.NewEmbedded()
		c.WithName(envconf.RandomName("kbe-e2e", 12)).WithVersion(*kubernetesFlag)
		t.Cleanup(func() { must(context.Background(), t, c.Destroy) })
		kubeconfig, err := c.Create(t.Context(), args...)
		if err != nil {
			t.Fatal(err)
		}
		embedded, kube = c, genericclioptions.NewConfigFlags(true)
		kube.KubeConfig = &kubeconfig
		return c
	}
	t.Run("one node of IPv6", func(t *testing.T) {
		use(t, "--nodes", "1", "--ip-family", "ipv6")
		r, failed := conform(t, 0, "--profile", "pods,network,lifecycle")
		if len(failed) > 0 || !slices.Equal(r.Cluster.IPFamilies, []string{"IPv6"}) || len(r.Cluster.Nodes) != 1 {
			t.Errorf("found %v, %+v", failed, r.Cluster)
		}
	})
	t.Run("two nodes of both families, and one whose kubelet is stopped", func(t *testing.T) {
		c := use(t, "--nodes", "2", "--ip-family", "dual")
		r, failed := conform(t, 0, "--profile", "network")
		if len(failed) > 0 || !slices.Equal(r.Cluster.IPFamilies, []string{"IPv4", "IPv6"}) {
			t.Errorf("found %v, %+v", failed, r.Cluster)
		}
		// Without its DNS server the cluster would violate more.
		stopped := nodeWithoutDNS(t)
		must(t.Context(), t, func(ctx context.Context) error { return c.StopNode(ctx, &types.Node{Name: stopped}) })
		eventually(t, stopped+" is not Ready", func(ctx context.Context) bool {
			node, err := client(t).CoreV1().Nodes().Get(ctx, stopped, metav1.GetOptions{})
			return err == nil && diagnose.Node(node) != nil
		})
		if r, failed := conform(t, 1, "--profile", "network"); !slices.Equal(failed, []string{"every-node-runs-pods"}) {
			t.Errorf("a kubelet that is stopped: expected that every-node-runs-pods fails alone, found %v: %+v", failed, r.Profiles)
		}
	})
}

// nodeWithoutDNS is a node that no pod of the cluster's DNS server runs on.
func nodeWithoutDNS(t *testing.T) string {
	t.Helper()
	pods, err := client(t).CoreV1().Pods(metav1.NamespaceSystem).List(t.Context(), metav1.ListOptions{LabelSelector: "k8s-app=kube-dns"})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range schedulableNodes(t.Context(), t) {
		if !slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool { return p.Spec.NodeName == node }) {
			return node
		}
	}
	t.Fatalf("expected a node without CoreDNS, found none; its pods: %v", pods.Items)
	return ""
}
