package preflight

import (
	"context"
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

// nftQueue is the rule of kube-network-policies that not every kernel has (CONFIG_NFT_QUEUE).
const nftQueue = `table inet kbe-probe {
	chain postrouting {
		type filter hook postrouting priority srcnat - 5; policy accept;
		queue flags bypass to 100
	}
}
`

// policyMode finds out how packets can get to kube-network-policies here: by its own rules, or by those of package network.
func policyMode(ctx context.Context, wanted, ipv6 bool) (string, error) {
	if !wanted {
		return "", nil
	}
	nft := try(ctx, nftQueue, "nft", "-f", "-")
	if nft == nil {
		return "nftables", nil
	}
	family := network.IPFamilies[0]
	if ipv6 {
		family = "dual"
	}
	for restore, rules := range network.PolicyRules(family) {
		if err := try(ctx, rules, restore); err != nil {
			return "", fmt.Errorf("--network-policy: packets that policies decide about are queued by nft or iptables, and this kernel's part of it; "+
				"install the package iptables, or leave the flag out (tried nft: %w; %s: %w)", nft, restore, err)
		}
	}
	return "iptables", nil
}
