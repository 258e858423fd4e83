package engine

import (
	"context"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/podpatch"
)

// Preview sends the events of what a run would do. It asks no cluster; what
// only a cluster could tell stays the expression that would ask it.
func Preview(ctx context.Context, plan *Plan, opts Options, sink func(Event)) error {
	images, err := plan.Images(opts.Images, opts.Registry)
	if err != nil {
		return err
	}
	now := opts.Now
	if now == nil {
		now = time.Now
	}
	patch := podpatch.Patch{PullSecret: opts.PullSecret}
	end := PreviewEnded{Claims: plan.Claims()}
	for i, sc := range plan.scenarios {
		emit := func(b Body) { sink(Event{Time: now(), Scenario: i, Body: b}) }
		emit(ScenarioStarted{sc.name, sc.title})
		for _, st := range sc.steps {
			end.Commands++
			emit(StepStarted{Say: st.say, Plan: st.plan(patch)})
			for _, name := range st.command.Files() {
				content, err := patch.Manifest(plan.withImages(plan.Example.Files[name], images))
				if err != nil {
					return err
				}
				emit(FileShown{name, string(content)})
			}
			words, err := patch.Command(st.preview(ctx, images))
			if err != nil {
				return err
			}
			emit(CommandShown{shown(words, st.show)})
			for _, c := range st.claims {
				emit(ClaimShown{c.text})
			}
			emit(StepEnded{})
		}
		emit(ScenarioEnded{})
	}
	sink(Event{Time: now(), Scenario: WholeRun, Body: end})
	return nil
}

// preview expands what is known without a cluster.
func (st step) preview(ctx context.Context, images map[string]string) []string {
	facts := expect.Facts{Images: images}
	words := make([]string, 0, len(st.command))
	for _, w := range st.command {
		var text strings.Builder
		for _, p := range w {
			if !p.IsExpr {
				text.WriteString(p.Text)
				continue
			}
			value, err := st.exprs[p.Text].Expand(ctx, facts)
			if err != nil {
				value = "$(" + p.Text + ")"
			}
			text.WriteString(value)
		}
		words = append(words, text.String())
	}
	return words
}
