package network

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
)

const (
	bridgeName = "kbe0"
	// NodeLink is the link of each node to the others and to the control plane.
	NodeLink = "eth0"
)

// SetUpLoopback is all that a network namespace outside of a cluster gets.
func SetUpLoopback() error { return up("lo") }

// SetUpControlPlane makes the bridge in the network namespace of the calling thread, with a route to the pods of each
// node: the API server calls webhooks and aggregated APIs in pods.
func (p Plan) SetUpControlPlane() error {
	if err := up("lo"); err != nil {
		return err
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName}}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("make bridge %s: %w", bridgeName, err)
	}
	for _, f := range p.Families {
		if err := address(bridgeName, f.controlPlane.String()); err != nil {
			return err
		}
	}
	return p.routeToPods(0)
}

// Connect joins the i-th node, whose network namespace is the open file node, to the bridge in the network namespace
// of the calling thread.
func Connect(i int, node *os.File) error {
	bridge, err := netlink.LinkByName(bridgeName)
	if err != nil {
		return fmt.Errorf("find bridge %s: %w", bridgeName, err)
	}
	name := linkTo(i)
	pair := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: name, MasterIndex: bridge.Attrs().Index},
		PeerName:      NodeLink,
		PeerNamespace: netlink.NsFd(node.Fd()),
		// The same after a reboot, as a machine's: the others remember it.
		PeerHardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, byte(i)},
	}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("make veth pair for %s: %w", name, err)
	}
	return up(name)
}

// Disconnect removes what Connect made, in the network namespace of the calling thread.
func Disconnect(i int) error {
	link, err := netlink.LinkByName(linkTo(i))
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find link %s: %w", linkTo(i), err)
	}
	return netlink.LinkDel(link)
}

func linkTo(i int) string { return fmt.Sprintf("node-%d", i) }

// SetUpNode gives the network namespace of the calling thread, already connected, the addresses and routes of the i-th
// node.
func (p Plan) SetUpNode(i int) error {
	if err := up("lo"); err != nil {
		return err
	}
	for _, f := range p.Families {
		if err := address(NodeLink, f.onLink(f.node(i))); err != nil {
			return err
		}
		// A process of the node itself needs some route to a service's address before kube-proxy's rules see its packet.
		if err := route(f.services, f.controlPlane.Addr()); err != nil {
			return err
		}
	}
	return p.routeToPods(i)
}

// routeToPods routes to the pods of every node but the i-th via that node.
func (p Plan) routeToPods(i int) error {
	for peer := 1; peer <= len(p.Nodes); peer++ {
		if peer == i {
			continue
		}
		for _, f := range p.Families {
			if err := route(f.podRange(peer), f.node(peer)); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetUpKernel configures the network namespace of the calling thread, before it has links.
//
// Every packet to an address that nothing has is answered by "unreachable" at once, not dropped: with forwarding on, and
// without the limit of one answer per second. (For addresses without a route the kernel has another such limit, of the
// whole machine, after five: a connection then fails with its second packet, a second later.)
//
// IPv6 addresses are used without asking first whether someone else has them: that takes a second.
func (p Plan) SetUpKernel() error {
	settings := map[string]string{"ipv4/ip_forward": "1", "ipv4/icmp_ratelimit": "0"}
	if p.hasIPv6() {
		maps.Copy(settings, map[string]string{"ipv6/conf/all/disable_ipv6": "0", "ipv6/conf/default/disable_ipv6": "0",
			"ipv6/conf/default/accept_dad": "0", "ipv6/conf/all/forwarding": "1", "ipv6/icmp/ratelimit": "0"})
	}
	for name, value := range settings {
		if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find link %s: %w", name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("set link %s up: %w", name, err)
	}
	return nil
}

func address(name, cidr string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find link %s: %w", name, err)
	}
	addr, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("give link %s the address %s: %w", name, cidr, err)
	}
	return up(name)
}

func route(to netip.Prefix, via netip.Addr) error {
	dst := &net.IPNet{IP: to.Addr().AsSlice(), Mask: net.CIDRMask(to.Bits(), to.Addr().BitLen())}
	if err := netlink.RouteAdd(&netlink.Route{Dst: dst, Gw: via.AsSlice()}); err != nil {
		return fmt.Errorf("add route to %s via %s: %w", to, via, err)
	}
	return nil
}
