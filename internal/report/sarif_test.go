package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// ofPage is the Report of a page of which a line is not true, and a command cannot run.
func ofPage() *v1alpha1.Report {
	at := func(line int) *v1alpha1.Position { return &v1alpha1.Position{File: "docs/pods.md", Line: line} }
	return &v1alpha1.Report{
		RunResult: v1alpha1.RunResult{Verdict: v1alpha1.CouldNotRun}, Example: "pods", Title: "Pods", Claims: v1alpha1.Counts{Total: 2, Met: 1, Failed: 1},
		Scenarios: []v1alpha1.Scenario{{Name: "page", Title: "Pods", Steps: []v1alpha1.Step{
			{Command: "kubectl get pods", Position: at(23), Claims: []v1alpha1.Claim{
				{Claim: "The command succeeds", Outcome: v1alpha1.Met, Position: at(23)},
				{Claim: "The page shows: sise 2/2", Outcome: v1alpha1.Failed, Position: at(25), Mismatches: []v1alpha1.Mismatch{{
					Text: "READY: the page shows 2/2; the cluster shows 1/1", Expected: "sise 2/2", Found: []v1alpha1.Value{{Value: "sise 1/1"}},
				}}},
			}, Bound: []v1alpha1.Bound{{Kind: "age", Page: "1m", Cluster: "2s", Position: *at(25)}}},
			{Position: at(30), Failure: &v1alpha1.Failure{Message: "not run: `helm install x y`: `helm` is another program", Verdict: v1alpha1.CouldNotRun}},
		}}},
	}
}

// TestReportsOfAPage: code scanning, annotations and JUnit name the line of a finding; what was
// bound is in the reports for people and programs.
func TestReportsOfAPage(t *testing.T) {
	r := ofPage()
	golden(t, "page.sarif", written(t, "sarif", r))
	for format, want := range map[string]string{
		"github":   "::error file=docs/pods.md,line=25,title=kubectl kbe verify docs/pods.md::docs/pods.md:25: The page shows: sise 2/2",
		"junit":    `<testcase name="docs/pods.md:25: The page shows: sise 2/2"`,
		"markdown": "Bound: 1m → 2s (age)",
		"html":     "<p>Bound: 1m → 2s (age)</p>",
	} {
		if found := string(written(t, format, r)); !strings.Contains(found, want) {
			t.Errorf("%s: expected %s in\n%s", format, want, found)
		}
	}
}

// TestReportsOfSeveralPagesAreOne: what is counted is counted once, and the worst verdict is
// that of the whole.
func TestReportsOfSeveralPagesAreOne(t *testing.T) {
	passed := &v1alpha1.Report{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.Passed}, Example: "a", Claims: v1alpha1.Counts{Total: 3, Met: 3}, Scenarios: []v1alpha1.Scenario{{Name: "page"}}}
	r := Merged([]*v1alpha1.Report{passed, ofPage()})
	if r.Verdict != v1alpha1.CouldNotRun || r.Claims != (v1alpha1.Counts{Total: 5, Met: 4, Failed: 1}) || len(r.Scenarios) != 2 || r.Scenarios[1].Title != "docs/pods.md: Pods" {
		t.Errorf("found %+v", r)
	}
}

// TestCodeScanningGetsALocationOfEachResult: what has none is a notification. A path is a URI.
func TestCodeScanningGetsALocationOfEachResult(t *testing.T) {
	notStarted := &v1alpha1.Report{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.CouldNotRun, Error: "the namespace is gone"}}
	page := ofPage()
	page.Scenarios[0].Steps[0].Claims[1].Position.File = "docs/my page.md"
	page.Scenarios[0].Steps[1].Position.File = "/src/docs/a.md"
	for want, r := range map[string]*v1alpha1.Report{
		`[{"executionSuccessful":false,"toolExecutionNotifications":[{"level":"error","message":{"text":"the namespace is gone"}}]}] []`: notStarted,
		`[{"executionSuccessful":false}] [docs/my%20page.md file:///src/docs/a.md]`:                                                      page,
	} {
		var log sarifLog
		if err := json.Unmarshal(written(t, "sarif", r), &log); err != nil {
			t.Fatal(err)
		}
		uris := []string{}
		for _, result := range log.Runs[0].Results {
			uris = append(uris, result.Locations[0].Physical.Artifact.URI)
		}
		did, err := json.Marshal(log.Runs[0].Invocations)
		if found := fmt.Sprintf("%s %v", did, uris); err != nil || found != want {
			t.Errorf("expected %s, found %s, %v", want, found, err)
		}
	}
}
