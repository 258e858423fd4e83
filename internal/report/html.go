package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

//go:embed report.html.tmpl
var htmlSource string

// pageSource has what all pages share.
//
//go:embed page.html.tmpl
var pageSource string

// page is the HTML report. html/template escapes what is put into it.
var page = parse(template.FuncMap{
	"chart": chartOf, "counts": verdictText, "tally": tally,
	"attempt": attemptText, "found": found, "kept": keptOf,
	"outcome": func(o v1alpha1.Outcome) mark { return marks[o] },
}, htmlSource)

// parse makes a page of sources, the first of which is the page's own, with what
// all pages share.
func parse(funcs template.FuncMap, sources ...string) *template.Template {
	t := template.New("report").Funcs(template.FuncMap{
		"text": visible, "millis": millis,
		"verdict": func(v v1alpha1.Verdict) string { return verdictWords[v] },
	}).Funcs(funcs)
	for _, source := range append(sources, pageSource) {
		template.Must(t.Parse(source))
	}
	return t
}

// HTML writes a Report as a page of its own: no script, and nothing that would
// be loaded from elsewhere, which its Content-Security-Policy forbids anyway.
func HTML(w io.Writer, r *v1alpha1.Report) error { return page.Execute(w, r) }

var verdictWords = map[v1alpha1.Verdict]string{
	v1alpha1.Passed:      "Passed",
	v1alpha1.ClaimFailed: "A claim failed",
	v1alpha1.CouldNotRun: "Could not run",
	v1alpha1.Stopped:     "Stopped",
}

// mark is how an outcome looks, and how a screen reader says it.
type mark struct{ Class, Sign, Words string }

var marks = map[v1alpha1.Outcome]mark{
	v1alpha1.Met:        {"met", "✓", "Holds"},
	v1alpha1.Failed:     {"failed", "✗", "Failed"},
	v1alpha1.NotChecked: {"open", "–", "Not checked"},
}

// tally counts the claims of a scenario.
func tally(sc v1alpha1.Scenario) mark {
	met, total := 0, 0
	worst := v1alpha1.Met
	for _, st := range sc.Steps {
		for _, c := range st.Claims {
			total++
			if c.Outcome == v1alpha1.Met {
				met++
			} else if worst != v1alpha1.Failed {
				worst = c.Outcome
			}
		}
		if st.Failure != nil {
			worst = v1alpha1.Failed
		}
	}
	m := marks[worst]
	m.Words = fmt.Sprintf("%d of %d", met, total)
	return m
}
