package conformance

import (
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Check is one assertion of the suite, and what decides it.
type Check struct {
	v1alpha1.Assertion
	// Profile is the one that it belongs to. Restricted runs those of the others, too.
	Profile string

	// What decides it is one of these; without any, it is the claim of that ID in the
	// example that is named after the profile.

	// nodes returns what speaks against it in the matrix of all pairs of nodes, and why
	// it cannot be shown on this cluster.
	nodes func(*reach.Result) (wrong []string, skipped string)
	// rows are those of the table of vantage points that must be as expected.
	rows *rows
	// enforced: a namespace that is to enforce the Pod Security Standard restricted does.
	enforced bool
}

// rows selects rows of the table of vantage points.
type rows struct {
	from []reach.VantagePoint
	// to is where they lead, or "" for anywhere.
	to reach.To
	// seen: the pod must also see its caller under the caller's own address.
	seen bool
}

func (r *rows) has(row reach.Row) bool {
	return slices.Contains(r.from, row.From) && (r.to == "" || r.to == row.To)
}

// everyNodeRunsPods is the one check on nodes that needs no pod that runs.
const everyNodeRunsPods = "every-node-runs-pods"

const (
	networkModel  = "https://kubernetes.io/docs/concepts/services-networking/#the-kubernetes-network-model"
	podNetworking = "https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking"
)

// result is what the check comes to.
func (c Check) result(outcome v1alpha1.AssertionOutcome, reason string) v1alpha1.AssertionResult {
	return v1alpha1.AssertionResult{Assertion: c.Assertion, Result: outcome, Reason: report.Redact(reason)}
}

// core is an assertion that every cluster must pass.
func core(id, requirement, source string) v1alpha1.Assertion {
	return v1alpha1.Assertion{ID: id, Level: v1alpha1.Core, Requirement: requirement, Source: source}
}

// checks are those that commands and CEL cannot say, in the order of the report. To add
// one, add it here; whatever else there is, such as its profile's list, comes from it.
var checks = []Check{
	{
		Profile: Network, nodes: nodesWithoutPods,
		Assertion: core(everyNodeRunsPods,
			"Every node that is not cordoned or tainted MUST be Ready and MUST run the pods that are scheduled on it.",
			"https://kubernetes.io/docs/concepts/architecture/nodes/"),
	},
	{
		Profile: Network, nodes: pairsThatFail,
		Assertion: core("all-nodes-reach-all-nodes",
			"A pod on any node MUST reach the pods on all nodes, on each of their addresses.",
			networkModel),
	},
	{
		Profile: Network, nodes: pairsAstray,
		Assertion: core("addresses-lead-to-their-pods",
			"Requests to a pod IP MUST be answered by the pod that has it, from every node.",
			networkModel),
	},
	{
		Profile: Network, nodes: translations,
		Assertion: core("no-nat-between-nodes",
			"A pod on any node MUST see the pod IPs of pods on all other nodes, without network address translation.",
			networkModel),
	},
	{
		Profile: Network, nodes: missingFamilies,
		Assertion: core("every-pod-has-every-family",
			"The pods of every node MUST have an address of each IP family that pods of other nodes have.",
			"https://kubernetes.io/docs/concepts/services-networking/dual-stack/"),
	},
	{
		Profile: Network, rows: &rows{from: []reach.VantagePoint{reach.Container, reach.Sibling}, to: reach.Localhost},
		Assertion: core("localhost-in-every-family",
			"The containers of a pod MUST reach each other on localhost in each IP family that the pod has an address of.",
			podNetworking),
	},
	{
		Profile: Network, rows: &rows{from: []reach.VantagePoint{reach.Container, reach.Sibling}, to: reach.PodIP},
		Assertion: core("pod-ips-in-every-container",
			"Each container of a pod MUST reach the others on each pod IP.",
			podNetworking),
	},
	{
		Profile: Network, rows: &rows{from: []reach.VantagePoint{reach.SameNode}, seen: true},
		Assertion: core("same-node-in-every-family",
			"A pod MUST be reachable from pods on its node on each of its pod IPs, and MUST see theirs.",
			networkModel),
	},
	{
		Profile: Network, rows: &rows{from: []reach.VantagePoint{reach.HostNetwork}},
		Assertion: core("node-reaches-its-pods",
			"The agents on a node, such as the kubelet, MUST reach all pods on that node.",
			networkModel),
	},
	{
		Profile: Lifecycle, rows: &rows{from: []reach.VantagePoint{reach.PortForward}},
		Assertion: core("port-forward-reaches-the-pod",
			"A port-forward MUST lead to the port of the pod on its localhost.",
			"https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/"),
	},
	{
		Profile: Restricted, enforced: true,
		Assertion: core("restricted-is-enforced",
			"A namespace that enforces the Pod Security Standard restricted MUST NOT admit a pod that violates it.",
			"https://kubernetes.io/docs/concepts/security/pod-security-admission/"),
	},
}
