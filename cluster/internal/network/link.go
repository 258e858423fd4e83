package network

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
)

const (
	bridgeName = "kbe0"
	nodeLink   = "eth0"
)

// SetUpLoopback is all that a network namespace outside of a cluster gets.
func SetUpLoopback() error { return up("lo") }

// SetUpControlPlane makes the bridge in the network namespace of the calling thread, with a route to the pods of each
// of n nodes: the API server calls webhooks and aggregated APIs in pods.
func SetUpControlPlane(n int) error {
	if err := up("lo"); err != nil {
		return err
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName}}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("make bridge %s: %w", bridgeName, err)
	}
	if err := address(bridgeName, ControlPlane+nodeBits); err != nil {
		return err
	}
	for i := 1; i <= n; i++ {
		if err := route(PodRange(i), NodeAddress(i)); err != nil {
			return err
		}
	}
	return answerStrays()
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
		PeerName:      nodeLink,
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
// of n nodes.
func SetUpNode(i, n int) error {
	if err := up("lo"); err != nil {
		return err
	}
	if err := address(nodeLink, NodeAddress(i)+nodeBits); err != nil {
		return err
	}
	for peer := 1; peer <= n; peer++ {
		if peer == i {
			continue
		}
		if err := route(PodRange(peer), NodeAddress(peer)); err != nil {
			return err
		}
	}
	// A process of the node itself needs some route to a service's address before kube-proxy's rules see its packet.
	if err := route(Services, ControlPlane); err != nil {
		return err
	}
	// Nothing serves names yet, and kube-proxy (nftables) drops what goes to a service that is not there: a look-up would
	// hang. As an address of the node itself, it refuses at once. A service that takes it later wins: kube-proxy's rules
	// come before local delivery.
	if err := address("lo", DNS+"/32"); err != nil {
		return err
	}
	return answerStrays()
}

// answerStrays has every packet to an address that nothing has answered by "unreachable" at once, not dropped: with
// forwarding on, and without the limit of one answer per second. (For addresses without a route the kernel has another
// such limit, of the whole machine, after five: a connection then fails with its second packet, a second later.)
func answerStrays() error {
	for name, value := range map[string]string{"ip_forward": "1", "icmp_ratelimit": "0"} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0o644); err != nil {
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

func route(cidr, via string) error {
	_, dst, err := net.ParseCIDR(cidr)
	if err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{Dst: dst, Gw: net.ParseIP(via)}); err != nil {
		return fmt.Errorf("add route to %s via %s: %w", cidr, via, err)
	}
	return nil
}
