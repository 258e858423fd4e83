package network

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

const (
	// APIPort is the port of the API server inside the cluster.
	APIPort = 6443
	// MaxNodes is how many nodes a plan has addresses for.
	MaxNodes = 100
)

// Family is the addresses that a cluster uses of one IP family.
type Family struct {
	name         string // ip or ip6, as nftables calls it
	controlPlane netip.Prefix
	pods         netip.Prefix
	podBits      int // of a node's range of pods
	podByte      int // the byte in which nodes' ranges differ
	services     netip.Prefix
	dns          netip.Addr
}

var ipv4 = Family{
	name:         "ip",
	controlPlane: netip.MustParsePrefix("10.89.0.1/24"),
	pods:         netip.MustParsePrefix("10.244.0.0/16"), podBits: 24, podByte: 2,
	services: netip.MustParsePrefix("10.96.0.0/16"),
	dns:      netip.MustParseAddr("10.96.0.10"),
}

// Unique local addresses (RFC 4193).
var ipv6 = Family{
	name:         "ip6",
	controlPlane: netip.MustParsePrefix("fd00:10:89::1/64"),
	pods:         netip.MustParsePrefix("fd00:10:244::/56"), podBits: 64, podByte: 7,
	services: netip.MustParsePrefix("fd00:10:96::/112"),
	dns:      netip.MustParseAddr("fd00:10:96::a"),
}

// Plan is the addresses of a cluster.
type Plan struct {
	// Nodes are the names of the nodes. Their addresses follow from their place, counted from 1.
	Nodes []string
	// Families has one or two, the primary first.
	Families []Family
}

// IPFamilies are the choices of families.
var IPFamilies = []string{"ipv4", "ipv6", "dual"}

// PlanOf returns the plan of a cluster with one of IPFamilies.
func PlanOf(c state.Cluster) Plan {
	families := map[string][]Family{"ipv4": {ipv4}, "ipv6": {ipv6}, "dual": {ipv4, ipv6}}
	return Plan{Nodes: c.Nodes, Families: families[c.IPFamily]}
}

// hasIPv6 reports that the plan has addresses of that family.
func (p Plan) hasIPv6() bool {
	return slices.ContainsFunc(p.Families, func(f Family) bool { return f.name == ipv6.name })
}

// ControlPlane returns the addresses of the API server inside the cluster.
func (p Plan) ControlPlane() []string {
	return p.each(func(f Family) string { return f.controlPlane.Addr().String() })
}

// APIServer returns the address and port of the API server inside the cluster.
func (p Plan) APIServer() string {
	return net.JoinHostPort(p.ControlPlane()[0], strconv.Itoa(APIPort))
}

// Node returns the addresses of the i-th node.
func (p Plan) Node(i int) []string {
	return p.each(func(f Family) string { return f.node(i).String() })
}

// Pods returns the ranges of all pods.
func (p Plan) Pods() []string {
	return p.each(func(f Family) string { return f.pods.String() })
}

// PodRange returns the ranges of the pods on the i-th node.
func (p Plan) PodRange(i int) []string {
	return p.each(func(f Family) string { return f.podRange(i).String() })
}

// Services returns the ranges of all services.
func (p Plan) Services() []string {
	return p.each(func(f Family) string { return f.services.String() })
}

// KubernetesService returns the addresses that the service "kubernetes" may get: the first of each range.
func (p Plan) KubernetesService() []string {
	return p.each(func(f Family) string { return f.services.Addr().Next().String() })
}

// DNS returns where pods look names up.
func (p Plan) DNS() []string {
	return p.each(func(f Family) string { return f.dns.String() })
}

// DefaultRoutes returns the ranges of all addresses.
func (p Plan) DefaultRoutes() []string {
	return p.each(func(f Family) string { return f.everything().String() })
}

// Any returns the address that a server binds to for clients of every family.
func (p Plan) Any() string {
	if p.hasIPv6() {
		return ipv6.everything().Addr().String() // of IPv4, too
	}
	return ipv4.everything().Addr().String()
}

// NodeOf returns the node that has the address in the range of its pods, or 0.
func (p Plan) NodeOf(address netip.Addr) int {
	for i := range p.Nodes {
		for _, f := range p.Families {
			if f.podRange(i + 1).Contains(address) {
				return i + 1
			}
		}
	}
	return 0
}

func (p Plan) each(get func(Family) string) []string {
	var all []string
	for _, f := range p.Families {
		all = append(all, get(f))
	}
	return all
}

// String returns what nftables calls the family: ip or ip6.
func (f Family) String() string { return f.name }

func (f Family) node(i int) netip.Addr {
	bytes := f.controlPlane.Addr().AsSlice()
	bytes[len(bytes)-1] = byte(10 + i)
	address, _ := netip.AddrFromSlice(bytes)
	return address
}

func (f Family) podRange(i int) netip.Prefix {
	bytes := f.pods.Addr().AsSlice()
	bytes[f.podByte] = byte(i)
	address, _ := netip.AddrFromSlice(bytes)
	return netip.PrefixFrom(address, f.podBits)
}

func (f Family) everything() netip.Prefix {
	prefix, _ := f.controlPlane.Addr().Prefix(0)
	return prefix
}

// onLink returns an address with the length of the network that all nodes and the control plane are in.
func (f Family) onLink(address netip.Addr) string {
	return netip.PrefixFrom(address, f.controlPlane.Bits()).String()
}

// Comma joins a list as the components' flags want it.
func Comma(list []string) string { return strings.Join(list, ",") }
