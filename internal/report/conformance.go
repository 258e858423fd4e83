package report

import (
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// ConformanceFormats are the names that WriteConformance takes.
func ConformanceFormats() []string { return []string{"junit"} }

// WriteConformance writes a ConformanceReport in one of ConformanceFormats.
func WriteConformance(w io.Writer, format string, r *v1alpha1.ConformanceReport) error {
	if format != "junit" {
		return fmt.Errorf("report format %q: expected one of %s", format, strings.Join(ConformanceFormats(), ", "))
	}
	return conformanceJUnit(w, r)
}

// conformanceJUnit has a suite per profile and a case per assertion.
func conformanceJUnit(w io.Writer, r *v1alpha1.ConformanceReport) error {
	doc := suites{Name: "kubectl kbe conformance", Time: xmlSeconds(r.ElapsedMilliseconds)}
	run := &v1alpha1.Report{
		Example: "conformance", Verdict: r.Verdict, Error: r.Error, Interrupted: r.Interrupted, Images: r.Images,
		StartTime: metav1.NewMicroTime(r.Date.Time), Run: v1alpha1.Run{Context: r.Cluster.Context, ServerVersion: r.Cluster.Version},
	}
	for _, p := range r.Profiles {
		s := newSuite(run, "conformance."+p.Name, p.ElapsedMilliseconds)
		for _, a := range p.Assertions {
			s.add(assertionCase(s.Name, a))
		}
		for _, problem := range p.Problems {
			s.add(testcase{Name: "run of the profile", Classname: s.Name, Time: xmlSeconds(0),
				Error: &detail{Type: string(v1alpha1.CouldNotRun), Message: oneLine(problem), Text: visible(problem)}})
		}
		doc.add(s)
	}
	if whole := suiteOfRun(run); whole.Tests > 0 || len(doc.Suites) == 0 {
		doc.add(whole)
	}
	return doc.write(w)
}

func assertionCase(class string, a v1alpha1.AssertionResult) testcase {
	c := testcase{Name: a.ID, Classname: class, Time: xmlSeconds(0)}
	text := fmt.Sprintf("%s (%s, %s)", a.Requirement, a.Level, a.Source)
	what := &detail{Type: string(a.Result), Message: oneLine(a.Reason), Text: visible(text + "\n" + a.Reason)}
	switch a.Result {
	case v1alpha1.AssertionFailed:
		c.Failure = what
	case v1alpha1.AssertionNotChecked:
		c.Error = what
	case v1alpha1.AssertionSkipped:
		c.Skipped = &detail{Message: oneLine(a.Reason)}
	default:
		c.SystemOut = &output{visible(text)}
	}
	return c
}

// ConformanceBegan tells what the suite runs on.
func (t *Terminal) ConformanceBegan(r *v1alpha1.ConformanceReport) {
	where := "Kubernetes " + r.Cluster.Version
	if r.Cluster.Context != "" {
		where = r.Cluster.Context + ", " + where
	}
	t.heading("Conformance", where)
	about := fmt.Sprintf("%d nodes", len(r.Cluster.Nodes))
	switch {
	case len(r.Cluster.Nodes) == 0:
		about = "its nodes may not be listed"
	case len(r.Cluster.Nodes) == 1:
		about = "one node"
	}
	for _, more := range []string{strings.Join(r.Cluster.IPFamilies, " and "), r.Cluster.CNI} {
		if more != "" {
			about += ", " + more
		}
	}
	t.wrapped(about + ".")
}

// ConformanceProfile tells the result of a profile.
func (t *Terminal) ConformanceProfile(p v1alpha1.ConformanceProfile) {
	t.clearLive()
	rule := strings.Repeat("─", max(0, min(t.width, 80)-len(p.Name)-4))
	t.line("")
	t.line(t.style.bold("── "+p.Name) + " " + t.style.dim(rule))
	t.line("")
	told := "" // the last reason why one could not be checked, which many may share
	for _, a := range p.Assertions {
		mark := t.style.open()
		switch a.Result {
		case v1alpha1.AssertionPassed:
			mark = t.style.met()
		case v1alpha1.AssertionFailed:
			mark = t.style.failed()
		default:
		}
		if a.Result == v1alpha1.AssertionPassed {
			t.line("  " + mark + " " + a.ID)
			continue
		}
		t.line("  " + mark + " " + t.style.bold(a.ID) + t.style.dim(" ("+a.Level+")"))
		if a.Result != v1alpha1.AssertionSkipped {
			t.labelled("rule", a.Requirement)
		}
		reason := a.Reason
		if a.Result == v1alpha1.AssertionNotChecked {
			if reason == told {
				reason = "for the same reason"
			}
			told = a.Reason
		}
		t.labelled(fmt.Sprintf("%-4s", conformanceWords[a.Result]), reason)
	}
	for _, problem := range p.Problems {
		t.marked(t.style.failed(), problem)
	}
	t.line("")
	t.line("  " + countsOfProfile(p) + fmt.Sprintf(" in %s", millis(p.ElapsedMilliseconds)))
}

// conformanceWords introduce a reason.
var conformanceWords = map[v1alpha1.AssertionOutcome]string{
	v1alpha1.AssertionFailed: "but", v1alpha1.AssertionSkipped: "skipped", v1alpha1.AssertionNotChecked: "not checked",
}

func countsOfProfile(p v1alpha1.ConformanceProfile) string {
	sum := func(level string, c v1alpha1.AssertionCounts) string {
		total := c.Passed + c.Failed + c.NotChecked
		if total+c.Skipped == 0 {
			return ""
		}
		text := fmt.Sprintf("%s %d of %d passed", level, c.Passed, total)
		if c.Skipped > 0 {
			text += fmt.Sprintf(", %d skipped", c.Skipped)
		}
		return text
	}
	text := sum("core", p.Core)
	if extended := sum("extended", p.Extended); extended != "" {
		text += "; " + extended
	}
	return text
}

// ConformanceEnded tells the verdict.
func (t *Terminal) ConformanceEnded(r *v1alpha1.ConformanceReport) {
	t.clearLive()
	if len(r.Profiles) == 0 {
		return // nothing was run: an error of the command, not a story
	}
	passed, total, skipped := 0, 0, 0
	for _, p := range r.Profiles {
		for _, c := range []v1alpha1.AssertionCounts{p.Core, p.Extended} {
			passed, total, skipped = passed+c.Passed, total+c.Passed+c.Failed+c.NotChecked, skipped+c.Skipped
		}
	}
	text := fmt.Sprintf("%d of %d assertions passed", passed, total)
	if skipped > 0 {
		text += fmt.Sprintf(", %d skipped", skipped)
	}
	if r.Interrupted != "" {
		text = "Interrupted (" + r.Interrupted + "): " + text
	}
	t.line("")
	t.verdict(r.Verdict == v1alpha1.Passed, fmt.Sprintf("%s, in %s.", text, millis(r.ElapsedMilliseconds)))
}
