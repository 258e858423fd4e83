package fault

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
)

// hook is where packets pass, as nftables calls it. Its name is that of the chain.
type hook struct{ name, spec string }

// Each fault that is set has an nftables table of its own in each node that it filters packets of: faults can be cleared
// in any order.
//
// Packets are dropped where they arrive, not where they are sent: a sender must not learn that they are lost. (Of a node
// that is halted, no process is left to learn it.)
var (
	arriving     = hook{"arriving", "type filter hook prerouting priority raw"}
	leaving      = hook{"leaving", "type filter hook postrouting priority raw"}
	delivering   = hook{"delivering", "type filter hook forward priority filter"}
	diverting    = hook{"diverting", "type nat hook prerouting priority dstnat"}
	masquerading = hook{"masquerading", "type nat hook postrouting priority srcnat"}
	returning    = hook{"returning", "type filter hook postrouting priority srcnat + 10"}
)

// neighbours lets neighbour discovery pass, as ARP does (it is no IP): else a sender would find "no route to host" instead
// of nothing.
const neighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"

// ofNode is the Filter of a fault of one node, its first argument: the others have no chains.
func ofNode(chains func(n config.Node) string) func(n config.Node, args []string) string {
	return func(n config.Node, args []string) string {
		if n.Name != args[0] {
			return ""
		}
		return chains(n)
	}
}

// chain returns a chain of rules at the hook.
func (h hook) chain(rules ...string) string {
	return fmt.Sprintf("\tchain %s {\n\t\t%s\n\t\t%s\n\t}\n", h.name, h.spec, strings.Join(rules, "\n\t\t"))
}

// table returns the name of the fault's table. nftables allows no colons in names.
func (f Fault) table() string {
	return strings.NewReplacer(" ", "-", ":", "_").Replace("kbe-" + f.String())
}

// family returns the family of an address as nftables calls it.
func family(address string) string {
	if netip.MustParseAddr(address).Is6() {
		return "ip6"
	}
	return "ip"
}
