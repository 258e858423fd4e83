package network

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// FaultRules returns the nftables program that makes a node behave as f says. It replaces all rules of an earlier one in
// one step.
//
// Packets are dropped where they arrive, not where they are sent: a sender must not learn that they are lost. (Of a node
// that is halted, nobody is there to learn it.) Neighbour discovery passes, as ARP does (it is no IP): else a sender
// would hear "no route to host" instead of nothing.
func (p Plan) FaultRules(node string, f state.Faults) string {
	var arriving, leaving, delivering, returning, masquerading []string
	if _, halted := f.Halted[node]; halted {
		arriving = append(arriving, fmt.Sprintf("\t\tiifname %q drop", nodeLink))
		leaving = append(leaving, fmt.Sprintf("\t\toifname %q drop", nodeLink))
	}
	for _, pair := range f.Partitions {
		if peer, ok := pair.Peer(node); ok {
			arriving = append(arriving, p.dropFrom(p.index(peer))...)
		}
	}
	for _, address := range f.Denied {
		if p.NodeOf(address) == p.index(node) {
			delivering = append(delivering, dropTo(address))
		}
	}
	if slices.Contains(f.NoHairpin, node) {
		delivering, returning = append(delivering, markHairpins), append(returning, dropHairpins)
	}
	if slices.Contains(f.Masqueraded, node) {
		masquerading = p.masquerade(p.index(node))
	}
	return fmt.Sprintf(faultTable, strings.Join(arriving, "\n"), strings.Join(leaving, "\n"), strings.Join(delivering, "\n"),
		strings.Join(detours(f.Diverted), "\n"), strings.Join(masquerading, "\n"), strings.Join(returning, "\n"))
}

func (p Plan) index(node string) int { return slices.Index(p.Nodes, node) + 1 }

const faultTable = `add table inet kbe-faults
delete table inet kbe-faults
table inet kbe-faults {
	chain arriving {
		type filter hook prerouting priority raw
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
%s
	}
	chain leaving {
		type filter hook postrouting priority raw
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
%s
	}
	chain delivering {
		type filter hook forward priority filter
		ct state related accept
%s
	}
	chain diverting {
		type nat hook prerouting priority dstnat
%s
	}
	chain masquerading {
		type nat hook postrouting priority srcnat
%s
	}
	chain returning {
		type filter hook postrouting priority srcnat + 10
%s
	}
}
`

// dropFrom drops what the i-th node and its pods send.
func (p Plan) dropFrom(i int) []string {
	return p.each(func(f Family) string {
		return fmt.Sprintf("\t\tiifname %q %s saddr { %s, %s } drop", nodeLink, f.name, f.node(i), f.podRange(i))
	})
}

// dropTo drops what others than the pod itself send to it, except answers to what it asked. A node's own packets to its
// pods are not forwarded, so they are not seen here: as with NetworkPolicies, the node always reaches them.
func dropTo(pod netip.Addr) string {
	return fmt.Sprintf("\t\t%[1]s daddr %[2]s %[1]s saddr != %[2]s ct direction original drop", familyOf(pod), pod)
}

// What a pod sends to itself by way of a service, a bridge without hairpin mode drops. On its way from a pod to one of the
// same node it is marked, and dropped when both of its addresses have been translated: of all that passes between pods of a
// node, kube-proxy masquerades nothing else.
const (
	hairpinMark  = "0x00100000"
	markHairpins = "\t\tiifname != \"" + nodeLink + "\" oifname != \"" + nodeLink + "\" ct status dnat meta mark set meta mark or " + hairpinMark
	dropHairpins = "\t\tmeta mark and " + hairpinMark + " != 0 ct status snat drop"
)

// masquerade gives what pods of the i-th node send to pods of others the node's address.
func (p Plan) masquerade(i int) []string {
	return p.each(func(f Family) string {
		return fmt.Sprintf("\t\toifname %q %[2]s saddr %[3]s %[2]s daddr %[4]s masquerade", nodeLink, f.name, f.podRange(i), f.pods)
	})
}

// detours have another pod answer at an address. They are made at the node of who asks, for there the answers pass and
// can be given the address that was asked. The pod that answers cannot be sent to itself so: its own packets go straight.
func detours(of map[netip.Addr]netip.Addr) (rules []string) {
	for _, address := range slices.SortedFunc(maps.Keys(of), netip.Addr.Compare) {
		rules = append(rules, fmt.Sprintf("\t\tiifname != %q %[2]s daddr %[3]s %[2]s saddr != %[4]s dnat %[2]s to %[4]s", nodeLink, familyOf(address), address, of[address]))
	}
	return rules
}

// familyOf returns the family of an address as nftables calls it.
func familyOf(a netip.Addr) string {
	if a.Is6() {
		return ipv6.name
	}
	return ipv4.name
}

// Load runs an nftables program in the network namespace of the calling thread.
func Load(ctx context.Context, rules string) error {
	cmd := exec.CommandContext(ctx, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s; faults in the network need nftables: install the package, and use a kernel that has it", err, bytes.TrimSpace(out))
	}
	return nil
}
