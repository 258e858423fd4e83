package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// ofPlaces is an assertion on some rows of the truth table: from where a Pod is
// reached. What the examples assert is not among them.
type ofPlaces struct {
	example.Assertion
	rows func(reach.Row) bool
	// seen: the Pod must also see its caller under the caller's own address.
	seen bool
}

// placesOfNetwork are those of the profile network.
var placesOfNetwork = placesPart{
	title: "vantages",
	from:  []reach.VantagePoint{reach.Container, reach.Sibling, reach.SameNode, reach.HostNetwork},
	table: []ofPlaces{
		{Assertion: example.Assertion{
			ID: "localhost-in-every-family", Level: example.Core,
			Requirement: "The containers of a pod MUST reach each other on localhost in each IP family that the pod has an address of.",
			Source:      "https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking",
		}, rows: func(r reach.Row) bool { return r.To == reach.Localhost }},
		{Assertion: example.Assertion{
			ID: "pod-ips-in-every-container", Level: example.Core,
			Requirement: "Each container of a pod MUST reach the others on each pod IP.",
			Source:      "https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking",
		}, rows: func(r reach.Row) bool {
			return r.To == reach.PodIP && (r.From == reach.Container || r.From == reach.Sibling)
		}},
		{Assertion: example.Assertion{
			ID: "same-node-in-every-family", Level: example.Core,
			Requirement: "A pod MUST be reached by pods on its node on each of its pod IPs, and MUST see theirs.",
			Source:      networkModel,
		}, rows: from(reach.SameNode), seen: true},
		{Assertion: example.Assertion{
			ID: "node-reaches-its-pods", Level: example.Core,
			Requirement: "The agents on a node, such as the kubelet, MUST reach all pods on that node.",
			Source:      networkModel,
		}, rows: from(reach.HostNetwork)},
	},
}

// placesOfLifecycle are those of the profile lifecycle.
var placesOfLifecycle = placesPart{
	title: "tunnel",
	from:  []reach.VantagePoint{reach.PortForward},
	table: []ofPlaces{
		{Assertion: example.Assertion{
			ID: "port-forward-reaches-the-pod", Level: example.Core,
			Requirement: "A port-forward MUST lead to the port of the pod on its localhost.",
			Source:      "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/",
		}, rows: from(reach.PortForward)},
	},
}

func from(p reach.VantagePoint) func(reach.Row) bool {
	return func(r reach.Row) bool { return r.From == p }
}

// placesPart decides assertions on where a Pod is reached from.
type placesPart struct {
	title string
	from  []reach.VantagePoint
	table []ofPlaces
}

func (p placesPart) name() string { return p.title }

func (p placesPart) assertions() []example.Assertion {
	var out []example.Assertion
	for _, a := range p.table {
		out = append(out, a.Assertion)
	}
	return out
}

func (p placesPart) needs(ownNamespace bool) rbac.Needs {
	return inNamespace(rbac.Reach(), ownNamespace)
}

func (p placesPart) run(ctx context.Context, r *Runner, where place) ([]v1alpha1.AssertionResult, []string) {
	if why := r.cannot(ctx, where); why != "" {
		return all(p, v1alpha1.AssertionSkipped, why), nil
	}
	var results []v1alpha1.AssertionResult
	problems, err := r.session(ctx, where, func(s *session.Session) (bool, error) {
		table, err := reach.RunPod(ctx, r.reachEnv(s), reach.PodOptions{From: p.from})
		if table == nil || len(table.Rows) == 0 {
			return true, err
		}
		results = p.judge(table)
		return failing(results), nil
	})
	if err != nil {
		return all(p, v1alpha1.AssertionNotChecked, err.Error()), problems
	}
	return results, problems
}

func (p placesPart) judge(t *reach.Table) []v1alpha1.AssertionResult {
	var results []v1alpha1.AssertionResult
	for _, a := range p.table {
		var wrong, skipped []string
		met := 0
		for _, row := range t.Rows {
			if !a.rows(row) {
				continue
			}
			switch text := fmt.Sprintf("%s → %s", row.From.Words(), row.Where()); t.Outcome(row) {
			case reach.Failed:
				wrong = append(wrong, join(fmt.Sprintf("%s: %s", text, t.Found(row)), row.Result.Err))
			case reach.Skipped:
				skipped = append(skipped, row.Skipped)
			case reach.Met:
				if met++; a.seen && row.SNAT() {
					wrong = append(wrong, fmt.Sprintf("%s: seen as %s", text, row.Result.From))
				}
			default: // a lesson is not asserted
			}
		}
		result := resultOf(a.Assertion, v1alpha1.AssertionPassed, "")
		switch {
		case len(wrong) > 0:
			result = resultOf(a.Assertion, v1alpha1.AssertionFailed, some(wrong))
		case met == 0:
			result = resultOf(a.Assertion, v1alpha1.AssertionSkipped, some(slices.Compact(skipped)))
		}
		results = append(results, result)
	}
	return results
}
