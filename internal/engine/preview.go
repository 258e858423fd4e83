package engine

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Preview sends the events of what a run would do. It contacts no cluster; what
// only a cluster knows stays the expression that would read it.
func Preview(ctx context.Context, plan *Plan, opts Options, sink func(Event)) error {
	images, err := plan.Images(&opts.Options)
	if err != nil {
		return err
	}
	patch := podpatch.Patch{PullSecret: opts.PullSecret}
	end := PreviewEnded{Claims: plan.Claims()}
	for _, replacement := range images.plannedReplacements() {
		sink(Event{Time: time.Now(), Scenario: WholeRun, Body: ReplacementPlanned{replacement}})
	}
	for i, sc := range plan.scenarios {
		emit := func(b Body) { sink(Event{Time: time.Now(), Scenario: i, Body: b}) }
		emit(ScenarioStarted{sc.Name, sc.Title})
		for _, st := range sc.steps {
			if st.NotRun != "" {
				emit(StepStarted{v1alpha1.Step{Say: strings.TrimPrefix(st.NotRun, notRun) + " (not run)"}})
				emit(StepEnded{})
				continue
			}
			end.Commands++
			emit(StepStarted{st.planned()})
			if err := plan.previewStep(ctx, st, images, patch, emit); err != nil {
				return err
			}
			for i := range st.claims {
				emit(ClaimDecided{Index: i}) // without the outcome, which only a run has
			}
			emit(StepEnded{})
		}
		emit(ScenarioEnded{})
	}
	sink(Event{Time: time.Now(), Scenario: WholeRun, Body: end})
	return nil
}

// previewStep shows the files and the command of a step.
func (p *Plan) previewStep(ctx context.Context, st step, images *Images, patch podpatch.Patch, emit func(Body)) error {
	if err := p.showFiles(images, patch, example.RunNamespace, st.command, emit, func(string, []byte) error { return nil }); err != nil {
		return err
	}
	command, err := images.command(st.command)
	if err != nil {
		return err
	}
	words := st.preview(ctx, command, expect.Facts{Images: images.References(), Texts: p.Example.Texts})
	inv, err := p.invocation(command, words, patch)
	if err != nil {
		return err
	}
	inv.show(emit, st.show)
	return nil
}

// preview expands what is known without a cluster.
func (st step) preview(ctx context.Context, command example.Command, facts expect.Facts) []string {
	words, _ := command.Expand(func(expr string) (string, error) { // which does not fail
		value, err := st.exprs[expr].Expand(ctx, facts)
		if err != nil {
			return placeholder(expr), nil
		}
		return value, nil
	})
	return words
}

// placeholders are what a reader is shown in place of an expression that only a run can
// evaluate.
var placeholders = []struct {
	of   *regexp.Regexp
	text string
}{
	{regexp.MustCompile(`^hostport\((.+), *(\d+)\)$`), "$1:$2"},
	{regexp.MustCompile(`pod\("([^"]+)"\)\.status\.podIP`), "<IP of $1>"},
	{regexp.MustCompile(`steps\.(\w+)\.stdout`), "<output of step $1>"},
	{regexp.MustCompile(`^run\.id$`), "<run ID>"},
	{regexp.MustCompile(`^run\.namespace$`), "<namespace>"},
}

func placeholder(expression string) string {
	text := expression
	for _, p := range placeholders {
		text = p.of.ReplaceAllString(text, p.text)
	}
	if text == expression {
		return "$(" + expression + ")"
	}
	return text
}
