package report

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// conformanceDocument is the Document of a ConformanceReport: a section per profile.
func conformanceDocument(r *v1alpha1.ConformanceReport) Document {
	run := runOfConformance(r)
	d := headOf("conformance", run)
	d.Title, d.Summary = "Conformance", aboutCluster(r.Cluster)
	d.Origin = "the results of a run on Kubernetes " + r.Cluster.Version
	d.Facts = factsOf(run, millis(r.ElapsedMilliseconds))
	d.Verdict.Decided, d.Verdict.Sum, d.Verdict.Times = len(r.Profiles) > 0, conformanceSum(r), ""
	for _, p := range r.Profiles {
		d.Sections = append(d.Sections, Section{Title: p.Name, Blocks: profileBlocks(p)})
	}
	return d
}

// aboutCluster says what the suite runs on.
func aboutCluster(c v1alpha1.ConformanceCluster) string {
	about := fmt.Sprintf("%d nodes", len(c.Nodes))
	switch len(c.Nodes) {
	case 0:
		about = "nodes not listed (no permission)"
	case 1:
		about = "one node"
	}
	for _, more := range []string{strings.Join(c.IPFamilies, " and "), c.CNI} {
		if more != "" {
			about += ", " + more
		}
	}
	return about + "."
}

func profileBlocks(p v1alpha1.ConformanceProfile) []Block {
	blocks := []Block{Break{}}
	last := "" // the last reason why one was not checked, which many may share
	for _, a := range p.Assertions {
		if a.Result == v1alpha1.AssertionPassed {
			blocks = append(blocks, Finding{Mark: markMet, Text: a.ID})
			continue
		}
		f := Finding{Mark: markOpen, Name: a.ID, Level: a.Level}
		if a.Result == v1alpha1.AssertionFailed {
			f.Mark = markFailed
		}
		if a.Result != v1alpha1.AssertionSkipped {
			f.Details = append(f.Details, Detail{Label: "requirement", Text: a.Requirement})
		}
		reason := a.Reason
		if a.Result != v1alpha1.AssertionFailed {
			if reason == last {
				reason = "same reason as above"
			}
			last = a.Reason
		}
		f.Details = append(f.Details, Detail{Label: conformanceWords[a.Result], Text: reason})
		blocks = append(blocks, f)
	}
	for _, problem := range p.Problems {
		blocks = append(blocks, Finding{Mark: markFailed, Text: problem})
	}
	for _, warning := range p.Warnings {
		blocks = append(blocks, Finding{Mark: markWarning, Text: warning})
	}
	return append(blocks, Break{}, Prose{Text: fmt.Sprintf("%s in %s", countsOfProfile(p), millis(p.ElapsedMilliseconds)), Indented: true})
}

// conformanceWords introduce a reason.
var conformanceWords = map[v1alpha1.AssertionOutcome]string{
	v1alpha1.AssertionFailed: "found", v1alpha1.AssertionSkipped: "skipped", v1alpha1.AssertionNotChecked: "not checked",
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

// conformanceSum says the counts of all profiles in words.
func conformanceSum(r *v1alpha1.ConformanceReport) string {
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
	return fmt.Sprintf("%s, in %s", afterSignal(r.Interrupted, text), millis(r.ElapsedMilliseconds))
}

// runOfConformance is the part of a ConformanceReport that the report of every run has.
func runOfConformance(r *v1alpha1.ConformanceReport) *v1alpha1.RunResult {
	return &v1alpha1.RunResult{
		Verdict: r.Verdict, Error: r.Error, Interrupted: r.Interrupted, ToolVersion: r.ToolVersion,
		StartTime: metav1.NewMicroTime(r.Date.Time), ElapsedMilliseconds: r.ElapsedMilliseconds,
		Run: v1alpha1.Run{Context: r.Cluster.Context, ServerVersion: r.Cluster.Version},
	}
}
