package report

import (
	_ "embed"
	"html/template"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

//go:embed vantages.html.tmpl
var vantagesSource string

// vantagesFuncs are what the template of a truth table uses, besides the page's own.
var vantagesFuncs = template.FuncMap{
	"target": targetText, "host": hostOf, "expected": expectedWords, "foundIn": foundWords, "latencyOf": latencyOf, "proof": proofText,
	"place":       func(p string) string { return reach.VantagePoint(p).Words() },
	"vantageMark": func(v v1alpha1.Vantage) mark { return vantageMarks[v.Outcome] },
}

var vantageMarks = map[v1alpha1.VantageOutcome]mark{
	v1alpha1.VantageMet:     {"met", "✓", "As expected"},
	v1alpha1.VantageFailed:  {"failed", "✗", "Failed"},
	v1alpha1.VantageSkipped: {"open", "–", "Skipped"},
	v1alpha1.VantageLesson:  {"soft", "·", "A lesson"},
}
