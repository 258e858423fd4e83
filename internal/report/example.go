package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

var verdictWords = map[v1alpha1.Verdict]string{
	v1alpha1.Passed:      "Passed",
	v1alpha1.ClaimFailed: "A claim failed",
	v1alpha1.CouldNotRun: "Could not run",
	v1alpha1.Stopped:     "Stopped",
}

// marks are those of a claim; one of a dry run has no outcome.
var marks = map[v1alpha1.Outcome]mark{
	v1alpha1.Met: markMet, v1alpha1.Failed: markFailed, v1alpha1.NotChecked: markOpen, "": markOpen,
}

// exampleDocument is the Document of an example's run.
func exampleDocument(r *v1alpha1.Report) Document {
	d := exampleHeader(r)
	for _, image := range r.Images {
		if image.Replaced != nil {
			d.Remarks = append(d.Remarks, strings.Join(replacedText(image), " "))
		}
	}
	shown := newShown()
	for _, sc := range r.Scenarios {
		s := Section{Title: sc.Title, Tally: tally(sc), Milliseconds: sc.ElapsedMilliseconds}
		if text := attemptText(sc); text != "" {
			s.Blocks = append(s.Blocks, Prose{Text: text})
		}
		for _, st := range sc.Steps {
			s.Blocks = append(s.Blocks, stepBlocks(st, nil, true, shown)...)
		}
		d.Sections = append(d.Sections, s)
	}
	if len(r.Pods) > 0 {
		d.Appendix = []Section{{Title: "Pods and images", Blocks: podBlocks(r)}}
	}
	return d
}

// exampleHeader is an example's Document without its sections.
func exampleHeader(r *v1alpha1.Report) Document {
	whose := ""
	if r.Run.OwnNamespace {
		whose = ", created for this run"
	}
	d := headOf(commandOf(r), &r.RunResult)
	d.Title, d.Summary = cmp.Or(r.Title, r.Example), r.Summary
	d.Origin = fmt.Sprintf("the commands of a run on Kubernetes %s, their real output, and the checks after each", r.Run.ServerVersion)
	d.Namespace = fmt.Sprintf("All commands run in namespace %s%s.", r.Run.Namespace, whose)
	d.Verdict.Sum = verdictText(r)
	return d
}

// stepBlocks are those of a step, with notes on what happened meanwhile.
// Those of a step that has not ended stay, and others follow them.
func stepBlocks(st v1alpha1.Step, notes notes, ended bool, shown *shown) []Block {
	blocks := []Block{Say{st.Say, st.Skipped}}
	for _, f := range st.Files {
		blocks = append(blocks, File(f))
	}
	if st.Command != "" {
		blocks = append(blocks, Command{st.Command})
	}
	blocks = append(blocks, notes[beforeOutput]...)
	if st.Stdout+st.Stderr != "" {
		blocks = append(blocks, Output{st.Stdout, st.Stderr})
	}
	blocks = append(blocks, notes[0]...)
	if c := st.NotApplicable; c != nil {
		blocks = append(blocks, openNote(c.What+": "+c.Why), afterNote("A healthy cluster may be so; what depends on it is not checked."))
	}
	// A timeout may end a step when some of its claims are decided.
	failedFirst := st.Failure != nil && !slices.ContainsFunc(st.Claims, func(c v1alpha1.Claim) bool { return c.Outcome != v1alpha1.NotChecked })
	if failedFirst {
		blocks = append(blocks, shown.failure(st))
	}
	for i, c := range st.Claims {
		if i > 0 {
			blocks = append(blocks, notes[i]...)
		}
		if c.Outcome == v1alpha1.NotChecked && !ended {
			return blocks
		}
		blocks = append(blocks, claimBlock(c))
	}
	if len(st.Bound) > 0 {
		blocks = append(blocks, Prose{Text: boundText(st.Bound), Indented: true, Dim: true})
	}
	if lines := shown.evidence(st.Evidence); len(lines) > 0 {
		blocks = append(blocks, Evidence{lines})
	}
	if st.Failure != nil && !failedFirst {
		blocks = append(blocks, shown.failure(st))
	}
	return blocks
}

func claimBlock(c v1alpha1.Claim) Finding {
	f := Finding{Mark: marks[c.Outcome], Text: positioned(c.Position, c.Claim), Position: c.Position, Unchecked: c.Outcome == v1alpha1.NotChecked}
	if c.Outcome == v1alpha1.Failed {
		f.Details = found(c)
	}
	return f
}

// positioned is a text with where it stands on a page.
func positioned(at *v1alpha1.Position, text string) string {
	if at == nil {
		return text
	}
	return fmt.Sprintf("%s:%d: %s", at.File, at.Line, text)
}

// boundText says which values of a page stand for which of the cluster.
func boundText(bound []v1alpha1.Bound) string {
	texts := make([]string, len(bound))
	for i, b := range bound {
		texts[i] = fmt.Sprintf("%s → %s (%s)", b.Page, b.Cluster, b.Kind)
	}
	return "Bound: " + strings.Join(texts, ", ")
}

// found says what a claim that failed has found.
func found(c v1alpha1.Claim) []Detail {
	var out []Detail
	raw := func(label, text, of string) { out = append(out, Detail{Label: label, Text: text, Of: of, Raw: true}) }
	if len(c.Mismatches) == 0 {
		raw("expression", c.Expression, "")
	}
	for _, m := range c.Mismatches {
		if m.Text != "" {
			out = append(out, pageDetails(m)...)
			continue
		}
		raw("expression", m.Expression, "")
		if m.Expected != "" {
			raw("expected", m.Expected, "")
		}
		for i, v := range m.Found {
			raw([]string{"found", "with"}[min(i, 1)], v.Value, v.Expression)
		}
	}
	if c.Error != "" {
		out = append(out, Detail{Label: "because", Text: c.Error})
	}
	return out
}

// pageDetails say how a page differs from the cluster.
func pageDetails(m v1alpha1.Mismatch) []Detail {
	out := []Detail{{Label: "what", Text: m.Text}}
	if m.Expected != "" {
		out = append(out, Detail{Label: "page", Text: m.Expected, Raw: true})
	}
	for _, v := range m.Found {
		out = append(out, Detail{Label: "cluster", Text: v.Value, Raw: true})
	}
	return out
}

// claimsOf counts the claims of a scenario.
func claimsOf(sc v1alpha1.Scenario) (counts v1alpha1.Counts) {
	for _, st := range sc.Steps {
		counts.Total += len(st.Claims)
		for _, c := range st.Claims {
			switch c.Outcome {
			case v1alpha1.Met:
				counts.Met++
			case v1alpha1.Failed:
				counts.Failed++
			default:
				counts.NotChecked++
			}
		}
	}
	return counts
}

// tally is how a scenario looks, and how many of its claims hold.
func tally(sc v1alpha1.Scenario) *mark {
	counts, look := claimsOf(sc), markMet
	switch {
	case counts.Failed > 0, slices.ContainsFunc(sc.Steps, func(st v1alpha1.Step) bool { return st.Failure != nil }):
		look = markFailed
	case counts.NotChecked > 0:
		look = markOpen
	}
	look.Words = fmt.Sprintf("%d of %d claims hold", counts.Met, counts.Total)
	return &look
}

// pageOf is the page that a scenario is made from, or "".
func pageOf(sc v1alpha1.Scenario) string {
	for _, st := range sc.Steps {
		if st.Position != nil {
			return st.Position.File
		}
	}
	return ""
}

// commandOf is what made a report, after kubectl kbe.
func commandOf(r *v1alpha1.Report) string {
	command, pages := r.Example, 0
	for _, sc := range r.Scenarios {
		if page := pageOf(sc); page != "" {
			command = "verify " + page
			pages++
		}
	}
	if pages > 1 {
		return "verify"
	}
	return command
}

// verdictOf is that of a scenario.
func verdictOf(sc v1alpha1.Scenario) v1alpha1.Verdict {
	verdict := v1alpha1.Passed
	for _, st := range sc.Steps {
		if st.Failure != nil {
			verdict = run.Worst(verdict, st.Failure.Verdict)
		}
		if slices.ContainsFunc(st.Claims, func(c v1alpha1.Claim) bool { return c.Outcome == v1alpha1.Failed }) {
			verdict = run.Worst(verdict, v1alpha1.ClaimFailed)
		}
	}
	return verdict
}

// podBlocks are the Pods' ways to Ready, and what the nodes ran.
func podBlocks(r *v1alpha1.Report) (blocks []Block) {
	charts := make([]chart, len(r.Pods))
	whole := int64(0)
	for i, p := range r.Pods {
		charts[i] = chartOf(p)
		whole = max(whole, charts[i].end())
	}
	for i, p := range r.Pods {
		blocks = append(blocks, Heading{Text: p.Name})
		if c := charts[i]; len(c.Bars) > 0 {
			c.scale(whole)
			blocks = append(blocks, Chart{c})
		}
	}
	if len(r.Images) == 0 {
		return blocks
	}
	images := Table{Columns: []Column{{Title: "Image"}, {Title: "Image IDs on the nodes"}}}
	for _, image := range r.Images {
		ran := cmp.Or(strings.Join(image.IDs, " "), "not used in this run")
		images.Rows = append(images.Rows, Row{Cells: []string{image.Reference, ran}})
	}
	return append(blocks, Heading{Text: "Images"}, images)
}

// replacedText says which image cannot run, and what runs instead.
func replacedText(image v1alpha1.Image) []string {
	return []string{fmt.Sprintf("The image %s cannot run here: %s.", image.Reference, image.Replaced.Why), "Its containers run " + insteadText(image.Replaced) + " instead."}
}

// plannedText says where an image would be replaced.
func plannedText(image v1alpha1.Image) string {
	where := ""
	if image.Replaced.Why != "" {
		where = " It " + image.Replaced.Why + "."
	}
	return fmt.Sprintf("The image %s is used where it can run.%s Elsewhere, its containers run %s.", image.Reference, where, insteadText(image.Replaced))
}

func insteadText(r *v1alpha1.Replaced) string {
	if r.Command == "" {
		return r.Reference
	}
	return r.Command + " on " + r.Reference
}

// attemptText says why what a Scenario shows is another attempt, or is "".
func attemptText(sc v1alpha1.Scenario) string {
	if sc.Repeated == nil {
		return ""
	}
	return fmt.Sprintf("This is the second attempt. In the first, %s (%s).", sc.Repeated.What, sc.Repeated.Why)
}

// verdictText says the counts of a Report in words.
func verdictText(r *v1alpha1.Report) string {
	text := fmt.Sprintf("%d of %d claims hold", r.Claims.Met, r.Claims.Total)
	if r.Claims.Failed > 0 {
		text += fmt.Sprintf(", %d failed", r.Claims.Failed)
	}
	if r.Claims.NotChecked > 0 {
		text += fmt.Sprintf(", %d not checked", r.Claims.NotChecked)
	}
	if r.Claims.Met == r.Claims.Total && r.Cleanup != nil && r.Cleanup.Error != "" {
		text += ", but the cleanup is not complete"
	}
	return afterSignal(r.Interrupted, text)
}

// afterSignal is the sum of a run, with the signal that ended it, if one did.
func afterSignal(interrupted, text string) string {
	if interrupted == "" || interrupted == run.Quit.String() {
		return text
	}
	return "Interrupted (" + interrupted + "): " + text
}

func tookText(verdict, elapsed int64) string {
	return fmt.Sprintf("%s (checks %s, cleanup %s)", millis(elapsed), millis(verdict), millis(elapsed-verdict))
}

// timesText says how long a run took, and which time limit ended it, if one did.
func timesText(verdict, elapsed int64, timedOut string) string {
	if timedOut != "" {
		return fmt.Sprintf("Stopped by --timeout %s after %s.", timedOut, tookText(verdict, elapsed))
	}
	return "Finished in " + tookText(verdict, elapsed) + "."
}
