package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Node is a node of the cluster and what the run has to do with it.
type Node struct {
	Name string
	// Zone is its label topology.kubernetes.io/zone, or "".
	Zone string
	// Addresses are those of the run's pod on it, at most one per family.
	Addresses []netip.Addr
	// Skipped says why no pod was made for it, in a few words, or "". NotReady: it
	// is because the node is not well.
	Skipped  string
	NotReady bool
	// Failed says why its pod could not be started or could not probe, or "".
	Failed string

	// pod is the name of the run's pod on it, version what only that pod answers.
	pod, version string
}

// What differs between two nodes with the same cause: the names of the run's pod and
// of the node, and the port that a connection left from.
var (
	podName    = regexp.MustCompile(`\bpods? "reach-[\w-]+"`)
	sourcePort = regexp.MustCompile(`:\d+->`)
)

// fail notes why the node does not take part, such that nodes with the same cause
// say the same.
func (n *Node) fail(why string) {
	why = podName.ReplaceAllLiteralString(why, "its pod")
	why = strings.ReplaceAll(why, fmt.Sprintf("node %q", n.Name), "the node")
	n.Failed = sourcePort.ReplaceAllLiteralString(why, "->")
}

// Address returns the pod's address of a family; it is not valid where there is none.
func (n *Node) Address(f Family) netip.Addr {
	for _, a := range n.Addresses {
		if FamilyOf(a) == f {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}

// SortNodes sorts by zone and then by name, numbers in names by their value: the
// order of rows and columns.
func SortNodes(nodes []Node) {
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), compareNatural(a.Name, b.Name))
	})
}

// compareNatural puts node-2 before node-10.
func compareNatural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		nx, ny := leadingDigits(x), leadingDigits(y)
		if nx == "" || ny == "" {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		vx, vy := strings.TrimLeft(nx, "0"), strings.TrimLeft(ny, "0")
		if c := cmp.Or(cmp.Compare(len(vx), len(vy)), cmp.Compare(vx, vy)); c != 0 {
			return c
		}
		x, y = x[len(nx):], y[len(ny):]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

func leadingDigits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}
