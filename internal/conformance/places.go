package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// decidePlaces decides the checks on where a Pod is reachable from.
func decidePlaces(ctx context.Context, env reach.Env, checks []Check) (outcome, error) {
	table, err := reach.RunPod(ctx, env, reach.PodOptions{From: pointsOf(checks)})
	if table == nil || len(table.Rows) == 0 {
		return outcome{}, err
	}
	return outcome{results: judgePlaces(checks, table)}, nil
}

// pointsOf are the vantage points that checks need, each once.
func pointsOf(checks []Check) []reach.VantagePoint {
	var points []reach.VantagePoint
	for _, c := range checks {
		for _, point := range c.rows.from {
			if !slices.Contains(points, point) {
				points = append(points, point)
			}
		}
	}
	return points
}

func judgePlaces(checks []Check, t *reach.Table) []v1alpha1.AssertionResult {
	var results []v1alpha1.AssertionResult
	for _, c := range checks {
		var wrong, skipped []string
		met := 0
		for _, row := range t.Rows {
			if !c.rows.has(row) {
				continue
			}
			text := fmt.Sprintf("%s → %s: ", row.From.Words(), row.Where())
			isSeen := !c.rows.seen || !row.SNAT()
			switch outcome := t.Outcome(row); {
			case outcome == v1alpha1.VantageFailed:
				wrong = append(wrong, text+join(fmt.Sprint(t.Found(row)), row.Result.Err))
			case outcome == v1alpha1.VantageSkipped:
				skipped = append(skipped, row.Skipped)
			case outcome != v1alpha1.VantageMet: // a lesson is not asserted
			case isSeen:
				met++
			case reach.Proxied(row.Result.From):
				skipped = append(skipped, text+reach.SeenAs(row.Result.From))
			default:
				wrong = append(wrong, text+reach.SeenAs(row.Result.From))
			}
		}
		if policies := slices.Concat(t.Policies, t.EgressPolicies); len(wrong) > 0 && len(policies) > 0 {
			slices.Sort(policies)
			wrong = append(wrong, "NetworkPolicies select the pod: "+strings.Join(slices.Compact(policies), ", "))
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
