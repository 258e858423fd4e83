package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// decideNodes decides the checks on all pairs of nodes. Where listing the nodes is not permitted,
// they are skipped.
func decideNodes(ctx context.Context, env reach.Env, checks []Check) (outcome, error) {
	found, err := reach.RunNodes(ctx, env, reach.NodesOptions{Slow: reach.SlowByDefault})
	if errors.Is(err, reach.ErrNodesForbidden) {
		return outcome{results: all(checks, v1alpha1.AssertionSkipped, err.Error())}, nil
	}
	if found == nil || err != nil && len(found.Nodes) == 0 {
		return outcome{}, err
	}
	return outcome{results: judgeNodes(checks, found, err, ctx.Err() != nil), warnings: warningsOf(found)}, nil
}

// warningsOf are the warnings of the matrix that no check is about.
func warningsOf(found *reach.Result) (texts []string) {
	for _, f := range found.Findings() {
		if f.Warning && f.Pattern != reach.Translation { // no-nat-between-nodes
			texts = append(texts, f.Text(found.Nodes, found.Matrix)+": "+f.Cause)
		}
	}
	return texts
}

// judgeNodes decides checks by what was found; err is why there is no matrix, or only a part of it.
// Where the run was ended, by a timeout or a signal, nodes without pods prove nothing.
func judgeNodes(checks []Check, found *reach.Result, err error, ended bool) []v1alpha1.AssertionResult {
	var results []v1alpha1.AssertionResult
	for _, c := range checks {
		switch wrong, skipped := c.nodes(found); {
		case ended && c.ID == everyNodeRunsPods:
			results = append(results, c.result(v1alpha1.AssertionNotChecked, fmt.Sprint(err)))
		case len(wrong) > 0:
			results = append(results, c.result(v1alpha1.AssertionFailed, some(wrong)))
		case skipped != "":
			results = append(results, c.result(v1alpha1.AssertionSkipped, skipped))
		case err != nil && c.ID != everyNodeRunsPods:
			results = append(results, c.result(v1alpha1.AssertionNotChecked, fmt.Sprint(err)))
		default:
			results = append(results, c.result(v1alpha1.AssertionPassed, ""))
		}
	}
	return results
}

// some joins the first few of what may be many.
func some(texts []string) string {
	const most = 10
	if len(texts) > most {
		texts = append(texts[:most:most], fmt.Sprintf("and %d more", len(texts)-most))
	}
	return strings.Join(texts, "; ")
}

func nodesWithoutPods(found *reach.Result) (wrong []string, skipped string) {
	for _, n := range found.Nodes {
		if n.Failed != "" {
			wrong = append(wrong, n.Name+": "+n.Failed)
		}
	}
	return wrong, ""
}

// pairs lists those that a condition is true of. What is between nodes that could not take
// part is explained by that.
func pairs(found *reach.Result, is func(reach.Sample) bool) (texts []string) {
	nodes := found.Taking()
	for _, f := range found.Matrix.Families() {
		for from := range nodes {
			for to := range found.Matrix.Plan.Targets(from) {
				s := found.Matrix.At(f, from, to)
				if !is(s) || nodes[from].Failed != "" || nodes[to].Failed != "" {
					continue
				}
				what := s.Outcome.Words()
				if s.SeenAs.IsValid() {
					what = reach.SeenAs(s.SeenAs)
				}
				if s.Detail != "" {
					what += ": " + s.Detail
				}
				texts = append(texts, fmt.Sprintf("%s → %s over %s: %s", nodes[from].Name, nodes[to].Name, f, what))
			}
		}
	}
	return texts
}

// oneNode says why there is nothing between nodes to be shown, or "".
func oneNode(found *reach.Result) string {
	if found.Matrix != nil && len(found.Taking()) == 1 {
		return "only one node is schedulable"
	}
	return ""
}

func pairsThatFail(found *reach.Result) (wrong []string, skipped string) {
	wrong = pairs(found, func(s reach.Sample) bool { return s.Outcome.Failing() && s.Outcome != probe.WrongAnswer })
	if len(wrong) > 0 && len(found.Policies) > 0 {
		wrong = []string{some(wrong), "NetworkPolicies select the pods: " + strings.Join(found.Policies, ", ")}
	}
	return wrong, oneNode(found)
}

func pairsAstray(found *reach.Result) (wrong []string, skipped string) {
	return pairs(found, func(s reach.Sample) bool { return s.Outcome == probe.WrongAnswer }), ""
}

func translations(found *reach.Result) (wrong []string, skipped string) {
	skipped = oneNode(found)
	if proxied := pairs(found, func(s reach.Sample) bool { return reach.Proxied(s.SeenAs) }); len(proxied) > 0 {
		skipped = some(proxied)
	}
	return pairs(found, func(s reach.Sample) bool { return s.SeenAs.IsValid() && !reach.Proxied(s.SeenAs) }), skipped
}

func missingFamilies(found *reach.Result) (wrong []string, skipped string) {
	for _, f := range found.Findings() {
		if f.Pattern == reach.NoAddress {
			wrong = append(wrong, f.Text(found.Nodes, found.Matrix)+": "+f.Cause)
		}
	}
	return wrong, ""
}
