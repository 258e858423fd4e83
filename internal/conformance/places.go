package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/vantage"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// ofPlaces is an assertion on some rows of the truth table: from where a Pod is
// reached. What the examples assert is not among them.
type ofPlaces struct {
	v1alpha1.Assertion
	rows func(vantage.Row) bool
	// seen: the Pod must also see its caller under the caller's own address.
	seen bool
}

// placesOfNetwork are those of the profile network.
var placesOfNetwork = placesPart{
	title: "vantages",
	from:  []vantage.Place{vantage.Container, vantage.Sibling, vantage.SameNode, vantage.Node},
	table: []ofPlaces{
		{Assertion: v1alpha1.Assertion{
			ID: "localhost-in-every-family", Level: v1alpha1.Core,
			Requirement: "The containers of a pod MUST reach each other on localhost in each IP family that the pod has an address of.",
			Source:      "https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking",
		}, rows: func(r vantage.Row) bool { return r.To == vantage.Localhost }},
		{Assertion: v1alpha1.Assertion{
			ID: "pod-ips-in-every-container", Level: v1alpha1.Core,
			Requirement: "Each container of a pod MUST reach the others on each pod IP.",
			Source:      "https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking",
		}, rows: func(r vantage.Row) bool {
			return r.To == vantage.PodIP && (r.Place == vantage.Container || r.Place == vantage.Sibling)
		}},
		{Assertion: v1alpha1.Assertion{
			ID: "same-node-in-every-family", Level: v1alpha1.Core,
			Requirement: "A pod MUST be reached by pods on its node on each of its pod IPs, and MUST see theirs.",
			Source:      networkModel,
		}, rows: from(vantage.SameNode), seen: true},
		{Assertion: v1alpha1.Assertion{
			ID: "node-reaches-its-pods", Level: v1alpha1.Core,
			Requirement: "The agents on a node, such as the kubelet, MUST reach all pods on that node.",
			Source:      networkModel,
		}, rows: from(vantage.Node)},
	},
}

// placesOfLifecycle are those of the profile lifecycle.
var placesOfLifecycle = placesPart{
	title: "tunnel",
	from:  []vantage.Place{vantage.PortForward},
	table: []ofPlaces{
		{Assertion: v1alpha1.Assertion{
			ID: "port-forward-reaches-the-pod", Level: v1alpha1.Core,
			Requirement: "A port-forward MUST lead to the port of the pod on its localhost.",
			Source:      "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/",
		}, rows: from(vantage.PortForward)},
	},
}

func from(p vantage.Place) func(vantage.Row) bool {
	return func(r vantage.Row) bool { return r.Place == p }
}

// placesPart decides assertions on where a Pod is reached from.
type placesPart struct {
	title string
	from  []vantage.Place
	table []ofPlaces
}

func (p placesPart) name() string { return p.title }

func (p placesPart) assertions() []v1alpha1.Assertion {
	var out []v1alpha1.Assertion
	for _, a := range p.table {
		out = append(out, a.Assertion)
	}
	return out
}

func (p placesPart) needs(ownNamespace bool) rbac.Needs {
	return inNamespace(rbac.Reach(), ownNamespace)
}

// port is where the target serves.
const port = 9876

func (p placesPart) run(ctx context.Context, r *Runner, where place) ([]v1alpha1.AssertionResult, []string) {
	if why := r.cannot(ctx, where); why != "" {
		return all(p, v1alpha1.AssertionSkipped, why), nil
	}
	var results []v1alpha1.AssertionResult
	problems, err := r.session(ctx, where, func(s *session.Session) (bool, error) {
		table, err := vantage.Run(ctx, r.getter, s, vantage.Options{
			Port: port, From: p.from, Image: r.images[shellImage], PullSecret: r.opts.PullSecret,
		})
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

func (p placesPart) judge(t *vantage.Table) []v1alpha1.AssertionResult {
	var results []v1alpha1.AssertionResult
	for _, a := range p.table {
		var wrong, skipped []string
		met := 0
		for _, row := range t.Rows {
			if !a.rows(row) {
				continue
			}
			switch text := fmt.Sprintf("%s → %s", row.Place.Words(), row.Where()); t.Outcome(row) {
			case vantage.Failed:
				wrong = append(wrong, join(fmt.Sprintf("%s: %s", text, t.Found(row)), row.Result.Err))
			case vantage.Skipped:
				skipped = append(skipped, row.Skipped)
			case vantage.Met:
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
