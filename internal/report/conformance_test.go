package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// conforming is a report of two profiles, in which each result is there.
func conforming() *v1alpha1.ConformanceReport {
	const model = "https://kubernetes.io/docs/concepts/services-networking/"
	result := func(id, requirement, level string, outcome v1alpha1.AssertionOutcome, reason string) v1alpha1.AssertionResult {
		return v1alpha1.AssertionResult{
			Assertion: v1alpha1.Assertion{ID: id, Requirement: requirement, Source: model, Level: level}, Result: outcome, Reason: reason,
		}
	}
	return &v1alpha1.ConformanceReport{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.ConformanceReportKind},
		ObjectMeta: metav1.ObjectMeta{Name: "conformance"}, Verdict: v1alpha1.CouldNotRun,
		Date: metav1.NewTime(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)), ElapsedMilliseconds: 42500, ToolVersion: "v0.5.0",
		Cluster: v1alpha1.ConformanceCluster{
			Context: "staging", Version: "v1.37.2", CNI: "calico v3.31.0", IPFamilies: []string{"IPv4", "IPv6"},
			Nodes: []v1alpha1.ConformanceNode{
				{Name: "node-1", Ready: "True", Kubelet: "v1.37.2", ContainerRuntime: "containerd://2.4.2", OSImage: "Debian", Kernel: "6.18", Architecture: "amd64"},
				{Name: "node-2", Ready: "True", Kubelet: "v1.37.2", ContainerRuntime: "containerd://2.4.2", OSImage: "Debian", Kernel: "6.18", Architecture: "amd64"},
			},
		},
		Profiles: []v1alpha1.ConformanceProfile{
			{
				Name: "network", Verdict: v1alpha1.ClaimFailed, ElapsedMilliseconds: 10500,
				Core: v1alpha1.AssertionCounts{Passed: 1, Failed: 1, Skipped: 1}, Extended: v1alpha1.AssertionCounts{Passed: 1},
				Warnings: []string{"2 of 6 pairs are slow: the median time to connect is 240 ms"},
				Assertions: []v1alpha1.AssertionResult{
					result("pod-reaches-itself", "A pod MUST reach itself by its own pod IP.", "core", v1alpha1.AssertionPassed, ""),
					result("hairpin", "A pod MUST be able to reach itself through a service that selects it.", "core", v1alpha1.AssertionFailed,
						"exitCode == 0: found exitCode = 28; curl: (28) \x1b[31mtimed out"),
					result("node-reaches-its-pods", "The agents on a node MUST reach all pods on that node.", "core", v1alpha1.AssertionSkipped, "hostNetwork is forbidden"),
					result("pod-columns", "The API server SHOULD print columns.", "extended", v1alpha1.AssertionPassed, ""),
				},
			},
			{
				Name: "lifecycle", Verdict: v1alpha1.CouldNotRun, ElapsedMilliseconds: 32000, Core: v1alpha1.AssertionCounts{NotChecked: 1},
				Assertions: []v1alpha1.AssertionResult{
					result("succeeded", "A pod MUST be Succeeded when all its containers have ended.", "core", v1alpha1.AssertionNotChecked, "wait: timed out"),
				},
				Problems: []string{"the cleanup is incomplete: forbidden; to delete the leftovers: kubectl delete namespace kbe-lifecycle-x7k2p"},
			},
		},
	}
}

func TestGoldenConformance(t *testing.T) {
	r := conforming()
	var story bytes.Buffer
	terminal := NewTerminal(&story, nil, 80, false)
	for n := range len(r.Profiles) + 1 { // one after the other, as they end
		until := *r
		until.Profiles = r.Profiles[:n]
		terminal.Show(&until)
	}
	terminal.End(r)
	golden(t, "conformance.txt", story.Bytes())
	var junit bytes.Buffer
	if err := Write(&junit, "junit", r); err != nil {
		t.Fatal(err)
	}
	golden(t, "conformance.xml", junit.Bytes())
}

func TestASuiteThatCouldNotRunIsAnErrorOfJUnit(t *testing.T) {
	var junit bytes.Buffer
	if err := Write(&junit, "junit", &v1alpha1.ConformanceReport{Verdict: v1alpha1.CouldNotRun, Error: "no cluster"}); err != nil {
		t.Fatal(err)
	}
	if text := junit.String(); !strings.Contains(text, `errors="1"`) || !strings.Contains(text, "no cluster") {
		t.Errorf("found %s", text)
	}
}

func TestTheDifferenceOfAReportAndItselfIsNone(t *testing.T) {
	d := CompareConformance(conforming(), conforming())
	if len(d.Facts)+len(d.Changes) > 0 || d.Compared != 5 {
		t.Errorf("found %+v", d)
	}
	var text bytes.Buffer
	if err := WriteDifference(&text, d); err != nil || text.String() != "No regressions in 5 assertions.\n" {
		t.Errorf("found %q, %v", text.String(), err)
	}
}

func TestGoldenDifference(t *testing.T) {
	old, now := conforming(), conforming()
	now.Cluster.Version, now.ToolVersion, now.Cluster.CNI = "v1.38.0", "v0.6.0", ""
	now.Cluster.Nodes[0].Kubelet = "v1.38.0"
	now.Cluster.Nodes[1].Name, now.Cluster.Nodes[1].Ready = "node-9", "Unknown"
	network := now.Profiles[0].Assertions
	network[0].Result, network[0].Reason = v1alpha1.AssertionFailed, "refused"
	network[1].Result, network[1].Reason = v1alpha1.AssertionPassed, ""
	network[2].Result = v1alpha1.AssertionPassed
	network[3].Result, network[3].Reason = v1alpha1.AssertionSkipped, "we do without"
	now.Profiles[0].Assertions = append(now.Profiles[0].Assertions, v1alpha1.AssertionResult{Assertion: v1alpha1.Assertion{ID: "new-one"}, Result: v1alpha1.AssertionFailed, Reason: "no\nanswer"})
	now.Profiles = now.Profiles[:1]
	d := CompareConformance(old, now)
	if d.Regressions() != 1 {
		t.Errorf("expected one regression, found %+v", d.Changes)
	}
	var text bytes.Buffer
	if err := WriteDifference(&text, d); err != nil {
		t.Fatal(err)
	}
	golden(t, "conformance-diff.txt", text.Bytes())
}

func TestWhatIsARegression(t *testing.T) {
	for _, tc := range []struct {
		was, is v1alpha1.AssertionOutcome
		want    bool
	}{
		{"Passed", "Failed", true}, {"Passed", "NotChecked", true}, {"Passed", "Skipped", false}, {"Passed", "", false},
		{"Failed", "NotChecked", false}, {"", "Failed", false}, {"Skipped", "Failed", false}, {"NotChecked", "Failed", false},
	} {
		if got := (Change{Was: tc.was, Is: tc.is}).regressed(); got != tc.want {
			t.Errorf("%q to %q: expected %t, found %t", tc.was, tc.is, tc.want, got)
		}
	}
}
