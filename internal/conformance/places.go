package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/vantage"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// placesPart decides the checks on where a Pod is reachable from.
type placesPart struct{ list }

func (placesPart) name() string { return "vantages" }

// from are the places that the checks need, each once.
func (p placesPart) from() []vantage.Place {
	var places []vantage.Place
	for _, c := range p.list {
		for _, place := range c.rows.from {
			if !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
	}
	return places
}

func (placesPart) needs(ownNamespace bool) rbac.Needs {
	return inNamespace(rbac.Reach(), ownNamespace)
}

// port is where the target serves.
const port = 9876

func (p placesPart) run(ctx context.Context, r *Runner, where place) ([]v1alpha1.AssertionResult, []string) {
	return r.carryOut(ctx, p, where, func(ctx context.Context, env *run.Environment) ([]v1alpha1.AssertionResult, error) {
		table, err := vantage.Run(ctx, r.clients, env.Session, vantage.Options{
			Port: port, From: p.from(), Image: r.images[shellImage], PullSecret: r.opts.PullSecret,
		})
		if table == nil || len(table.Rows) == 0 {
			return nil, err
		}
		return p.judge(table), nil
	})
}

func (p placesPart) judge(t *vantage.Table) []v1alpha1.AssertionResult {
	var results []v1alpha1.AssertionResult
	for _, c := range p.list {
		var wrong, skipped []string
		met := 0
		for _, row := range t.Rows {
			if !c.rows.has(row) {
				continue
			}
			switch text := fmt.Sprintf("%s → %s", row.Place.Words(), row.Where()); t.Outcome(row) {
			case vantage.Failed:
				wrong = append(wrong, join(fmt.Sprintf("%s: %s", text, t.Found(row)), row.Result.Err))
			case vantage.Skipped:
				skipped = append(skipped, row.Skipped)
			case vantage.Met:
				if met++; c.rows.seen && row.SNAT() {
					wrong = append(wrong, fmt.Sprintf("%s: seen as %s", text, row.Result.From))
				}
			default: // a lesson is not asserted
			}
		}
		result := c.result(v1alpha1.AssertionPassed, "")
		switch {
		case len(wrong) > 0:
			result = c.result(v1alpha1.AssertionFailed, some(wrong))
		case met == 0:
			result = c.result(v1alpha1.AssertionSkipped, some(slices.Compact(skipped)))
		}
		results = append(results, result)
	}
	return results
}
