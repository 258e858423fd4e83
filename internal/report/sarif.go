package report

import (
	"encoding/json"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func init() { register("sarif", format{write: writeSARIF, examplesOnly: true}) }

// SARIF 2.1.0, as far as code scanning of GitHub and others reads it: a result for each
// failure, on its line of the page.
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
		Results []sarifResult `json:"results"`
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
		Locations []sarifLocation `json:"locations,omitempty"`
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
	if r.Error != "" {
		run.Results = append(run.Results, sarifOf(ruleNotRun, nil, r.Error))
	}
	for _, sc := range r.Scenarios {
		for _, st := range sc.Steps {
			run.Results = append(run.Results, sarifOfStep(st)...)
		}
	}
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
		location.Physical.Artifact.URI, location.Physical.Region.StartLine = at.File, at.Line
		result.Locations = []sarifLocation{location}
	}
	return result
}
