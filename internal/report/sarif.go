package report

import (
	"encoding/json"
	"io"
	"net/url"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func init() { register("sarif", format{write: writeSARIF, examplesOnly: true}) }

// SARIF 2.1.0, as far as code scanning of GitHub and others reads it: a result for each
// failure, on its line of the page. GitHub refuses a file with a result that has no location:
// what is on no page is a notification.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine int `json:"startLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	}
)

// The rules of the results.
const (
	ruleClaim  = "claim-failed"
	ruleNotRun = "could-not-run"
)

func writeSARIF(w io.Writer, of runtime.Object) error {
	r := of.(*v1alpha1.Report)
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "kubectl-kbe", Version: r.ToolVersion, Rules: []sarifRule{
		{ruleClaim, sarifText{"A statement is not true"}}, {ruleNotRun, sarifText{"A command could not run"}},
	}}
	did := sarifInvocation{Successful: r.Verdict == v1alpha1.Passed || r.Verdict == v1alpha1.ClaimFailed}
	var all []sarifResult
	if r.Error != "" {
		all = append(all, sarifOf(ruleNotRun, nil, r.Error))
	}
	for _, sc := range r.Scenarios {
		for _, st := range sc.Steps {
			all = append(all, sarifOfStep(st)...)
		}
	}
	for _, result := range all {
		if result.Locations == nil {
			did.Notifications = append(did.Notifications, sarifNotification{result.Level, result.Message})
		} else {
			run.Results = append(run.Results, result)
		}
	}
	run.Invocations = []sarifInvocation{did}
	text, err := json.MarshalIndent(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

func sarifOfStep(st v1alpha1.Step) (results []sarifResult) {
	if st.Failure != nil {
		failure := newShown().failure(st)
		results = append(results, sarifOf(ruleNotRun, st.Position, failure.Text, detailLines(failure.Details)...))
	}
	for _, c := range st.Claims {
		if c.Outcome == v1alpha1.Failed {
			results = append(results, sarifOf(ruleClaim, c.Position, c.Claim, detailLines(found(c))...))
		}
	}
	return results
}

func sarifOf(rule string, at *v1alpha1.Position, text string, details ...string) sarifResult {
	result := sarifResult{RuleID: rule, Level: "error", Message: sarifText{visible(strings.Join(append([]string{text}, details...), "\n"))}}
	if at != nil {
		var location sarifLocation
		location.Physical.Artifact.URI, location.Physical.Region.StartLine = uriOf(at.File), at.Line
		result.Locations = []sarifLocation{location}
	}
	return result
}

// uriOf is the reference to a file, whose path has slashes.
func uriOf(file string) string {
	uri := url.URL{Path: file}
	if path.IsAbs(file) {
		uri.Scheme = "file"
	}
	return uri.String()
}
