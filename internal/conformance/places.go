package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// placesPart decides the checks on where a Pod is reachable from.
type placesPart struct{ list }

func (placesPart) name() string { return "vantages" }

// from are the vantage points that the checks need, each once.
func (p placesPart) from() []reach.VantagePoint {
	var points []reach.VantagePoint
	for _, c := range p.list {
		for _, point := range c.rows.from {
			if !slices.Contains(points, point) {
				points = append(points, point)
			}
		}
	}
	return points
}

func (placesPart) needs(ownNamespace bool) rbac.Needs {
	return rbac.InNamespace(rbac.Reach(), ownNamespace)
}

func (p placesPart) run(ctx context.Context, r *Runner, where place) outcome {
	return r.carryOut(ctx, p, where, func(ctx context.Context, env *run.Environment) (outcome, error) {
		table, err := reach.RunPod(ctx, r.reachEnv(env), reach.PodOptions{From: p.from()})
		if table == nil || len(table.Rows) == 0 {
			return outcome{}, err
		}
		return outcome{results: p.judge(table)}, nil
	})
}

func (p placesPart) judge(t *reach.Table) []v1alpha1.AssertionResult {
	var results []v1alpha1.AssertionResult
	for _, c := range p.list {
		var wrong, skipped []string
		met := 0
		for _, row := range t.Rows {
			if !c.rows.has(row) {
				continue
			}
			switch text := fmt.Sprintf("%s → %s", row.From.Words(), row.Where()); t.Outcome(row) {
			case v1alpha1.VantageFailed:
				wrong = append(wrong, join(fmt.Sprintf("%s: %s", text, t.Found(row)), row.Result.Err))
			case v1alpha1.VantageSkipped:
				skipped = append(skipped, row.Skipped)
			case v1alpha1.VantageMet:
				if met++; c.rows.seen && row.SNAT() {
					wrong = append(wrong, fmt.Sprintf("%s: %s", text, reach.SeenAs(row.Result.From)))
				}
			default: // a lesson is not asserted
			}
		}
		if len(wrong) > 0 && len(t.Policies) > 0 {
			wrong = append(wrong, "NetworkPolicies select the pod: "+strings.Join(t.Policies, ", "))
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
