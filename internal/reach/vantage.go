package reach

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// VantagePoint is a place that a Pod is probed from, as --from names it.
type VantagePoint string

// The vantage points that others than their rows know.
const (
	// Container is the container that serves, Sibling another one of its Pod.
	Container VantagePoint = "container"
	Sibling   VantagePoint = "sibling"
	// SameNode and OtherNode are Pods of the run; HostNetwork is one in the network namespace of
	// the target's node.
	SameNode    VantagePoint = "same-node"
	OtherNode   VantagePoint = "other-node"
	HostNetwork VantagePoint = "node"
	// APIServer is the API server's proxy to Pods; PortForward the tunnel of
	// `kubectl port-forward`.
	APIServer   VantagePoint = "api-server"
	PortForward VantagePoint = "port-forward"
	// Here is the machine that this program runs on.
	Here VantagePoint = "here"
)

// vantageRow is all that there is to know of a vantage point.
type vantageRow struct {
	name VantagePoint
	// words name it for people.
	words string
	// proves is what a row of it shows where it is met, provesLocalhost where that is on
	// localhost.
	proves, provesLocalhost string
	// lesson: nothing is expected of it; what it finds is worth knowing.
	lesson bool
	// targets are which of the target's addresses it probes.
	targets func(Target) []Row
	// caller finds or starts what probes.
	caller func(context.Context, *podRun, *corev1.Pod) caller
	// call probes the addresses of the rows, and notes what it finds in them.
	call func(context.Context, *podRun, caller, []Row)
}

// vantageTable is THE table: to add a vantage point is to add a row.
var vantageTable = []vantageRow{
	{
		name: Container, words: "same container",
		proves:          "the service listens on the pod's address",
		provesLocalhost: "the service runs and listens on loopback",
		targets:         everyLoopbackAndPodIPs, caller: servingContainer, call: callByExec,
	},
	{
		name: Sibling, words: "sibling container",
		proves:          "all containers of the pod have the same address",
		provesLocalhost: "the containers of a pod share a network namespace, including localhost",
		targets:         loopbackAndPodIPs, caller: siblingContainer, call: callByExec,
	},
	{
		name: SameNode, words: "pod, same node", proves: "the pod network works within a node",
		targets: podIPs, caller: podPlaced(corev1.NodeSelectorOpIn, "near", "a pod on the same node"), call: callByExec,
	},
	{
		name: OtherNode, words: "pod, other node", proves: "the pod network works between nodes",
		targets: podIPs, caller: podPlaced(corev1.NodeSelectorOpNotIn, "far", "a pod on another node"), call: callByExec,
	},
	{
		name: HostNetwork, words: "the node itself", proves: "a node can reach its pods, which the kubelet's probes require",
		targets: podIPs, caller: podInNodeNetwork, call: callByExec,
	},
	{
		name: APIServer, words: "API server", proves: "the control plane can reach the pod network",
		targets: firstPodIP, caller: named("the API server"), call: callByAPIServer,
	},
	{
		name: PortForward, words: "port-forward", proves: "a tunnel through the API server and the kubelet ends at the pod's localhost",
		provesLocalhost: "a tunnel through the API server and the kubelet ends at the pod's localhost",
		targets:         tunnelEnd, caller: named("port-forward"), call: callByPortForward,
	},
	{
		name: Here, words: "this machine", lesson: true,
		proves:  "pod addresses belong to the cluster: from outside, use port-forward or a service",
		targets: podIPs, caller: named("this machine"), call: callFromHere,
	},
}

// VantagePoints are all, in the order of the report.
func VantagePoints() (all []VantagePoint) {
	for _, row := range vantageTable {
		all = append(all, row.name)
	}
	return all
}

// ParseVantagePoints reads names of vantage points; none means all. They come back in
// the order of the report.
func ParseVantagePoints(names []string) ([]VantagePoint, error) {
	var chosen []VantagePoint
	var known []string
	for _, p := range VantagePoints() {
		known = append(known, string(p))
		if len(names) == 0 || slices.Contains(names, string(p)) {
			chosen = append(chosen, p)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("expected some of %s, found %q", strings.Join(known, ", "), n)
		}
	}
	return chosen, nil
}

func (p VantagePoint) row() vantageRow {
	i := slices.IndexFunc(vantageTable, func(row vantageRow) bool { return row.name == p })
	if i < 0 {
		return vantageRow{name: p, words: string(p)} // of a report from another version
	}
	return vantageTable[i]
}

// Words name a vantage point for people.
func (p VantagePoint) Words() string { return p.row().words }

// inside: it probes from within the target's own network namespace.
func (p VantagePoint) inside() bool { return p == Container || p == Sibling }

// Proves says what a row shows, where it is met.
func (r Row) Proves() string {
	if r.To == Localhost {
		return r.From.row().provesLocalhost
	}
	return r.From.row().proves
}

// podIPs are rows for all addresses of the target; where it has none, one that says so.
func podIPs(t Target) (rows []Row) {
	for _, a := range t.IPs {
		rows = append(rows, Row{To: PodIP, Address: netip.AddrPortFrom(a, t.Port)})
	}
	if len(rows) == 0 {
		return []Row{{To: PodIP, Address: netip.AddrPortFrom(netip.Addr{}, t.Port)}}
	}
	return rows
}

// firstPodIP is the only address that the API server's proxy uses.
func firstPodIP(t Target) []Row { return podIPs(t)[:1] }

// tunnelEnd is the target's localhost, in the family that the kubelet chooses.
func tunnelEnd(t Target) []Row {
	return []Row{{To: Localhost, Address: netip.AddrPortFrom(netip.Addr{}, t.Port)}}
}

// loopbackAndPodIPs have localhost in each family of the target's addresses.
func loopbackAndPodIPs(t Target) (rows []Row) {
	for _, f := range []Family{IPv4, IPv6} {
		if slices.Contains(t.families(), f) {
			rows = append(rows, Row{To: Localhost, Address: netip.AddrPortFrom(f.loopback(), t.Port)})
		}
	}
	return append(rows, podIPs(t)...)
}

// everyLoopbackAndPodIPs probe IPv4 in a cluster of IPv6 alone, too: a service that
// knows only IPv4 answers there.
func everyLoopbackAndPodIPs(t Target) []Row {
	rows := loopbackAndPodIPs(t)
	if !slices.Contains(t.families(), IPv4) {
		rows = slices.Insert(rows, 0, Row{To: Localhost, Address: netip.AddrPortFrom(IPv4.loopback(), t.Port), Expected: Any})
	}
	return rows
}
