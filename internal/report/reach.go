package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

//go:embed reach.html.tmpl
var reachSource string

var reachPage = parse(reachFuncs(), reachSource, matrixSource, vantagesSource)

var reachVerdicts = map[v1alpha1.Verdict]string{
	v1alpha1.Passed:      "Passed",
	v1alpha1.ClaimFailed: "Not all are reachable",
	v1alpha1.CouldNotRun: "Not complete",
	v1alpha1.Stopped:     "Stopped",
}

func reachFuncs() template.FuncMap {
	funcs := template.FuncMap{"title": reachTitle, "sum": reachSum, "verdict": func(v v1alpha1.Verdict) string { return reachVerdicts[v] }}
	maps.Copy(funcs, matrixFuncs)
	maps.Copy(funcs, vantagesFuncs)
	return funcs
}

// ReachFormats are the names that WriteReach takes.
func ReachFormats() []string { return []string{"html", "junit"} }

// WriteReach writes a Reach in one of ReachFormats.
func WriteReach(w io.Writer, format string, r *v1alpha1.Reach) error {
	switch format {
	case "html":
		return reachPage.Execute(w, r)
	case "junit":
		return reachJUnit(w, r)
	default:
		return fmt.Errorf("report format %q: expected one of %s", format, strings.Join(ReachFormats(), ", "))
	}
}

// reachJUnit has a suite of what was found, and one of what went wrong outside of it.
func reachJUnit(w io.Writer, r *v1alpha1.Reach) error {
	doc := suites{Name: "kubectl kbe reach", Time: xmlSeconds(r.ElapsedMilliseconds)}
	run := runOf(r)
	if r.Matrix != nil {
		s := newSuite(run, "reach.nodes", r.VerdictMilliseconds)
		s.addMatrix(r.Matrix)
		doc.add(s)
	}
	if r.Counts != nil {
		s := newSuite(run, "reach.vantages", r.VerdictMilliseconds)
		s.addVantages(r)
		doc.add(s)
	}
	if whole := suiteOfRun(run); whole.Tests > 0 || len(doc.Suites) == 0 {
		doc.add(whole)
	}
	return doc.write(w)
}

// runOf is the part of a Reach that every run's Report has.
func runOf(r *v1alpha1.Reach) *v1alpha1.Report {
	return &v1alpha1.Report{
		Example: "reach", Verdict: r.Verdict, Error: r.Error, Interrupted: r.Interrupted,
		StartTime: r.StartTime, EndTime: r.EndTime, Run: r.Run, Cleanup: r.Cleanup,
	}
}

func reachTitle(r *v1alpha1.Reach) string {
	if r.Target != nil {
		return "From where a pod is reached"
	}
	return "Which node's pods reach which"
}

// reachSum says what was found in a few words.
func reachSum(r *v1alpha1.Reach) string {
	if r.Counts != nil {
		return vantagesText(r)
	}
	if r.Matrix == nil || len(r.Matrix.Families) == 0 {
		return "nothing was probed"
	}
	good, planned := 0, 0
	for _, f := range r.Matrix.Families {
		good += f.Counts.Probed - f.Counts.Failing
		planned += f.Counts.Probed + f.Counts.NotProbed
	}
	return fmt.Sprintf("%d of %s reachable", good, plural(planned, "pair"))
}
