package preflight

import (
	"context"
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

// nftQueue is the rule of kube-network-policies that not every kernel supports (CONFIG_NFT_QUEUE).
const nftQueue = `table inet kbe-probe {
	chain postrouting {
		type filter hook postrouting priority srcnat - 5; policy accept;
		queue flags bypass to 100
	}
}
`

// policyMode returns the rules that queue packets on this kernel: "nftables", those of kube-network-policies, or "iptables",
// those of package network.
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
			return "", fmt.Errorf("--network-policy: expected nft or iptables to queue packets for user space, and neither can; install the package iptables, "+
				"use a kernel with CONFIG_NFT_QUEUE or CONFIG_NETFILTER_XT_TARGET_NFQUEUE, or omit the flag (tried nft: %w; %s: %w)", nft, restore, err)
		}
	}
	return "iptables", nil
}
