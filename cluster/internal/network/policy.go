package network

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// PolicyQueue is the number of the netfilter queue that kube-network-policies reads.
const PolicyQueue = 100

// PolicyRules returns iptables rules, by the program that loads them, for kernels whose nftables cannot queue packets. Like
// the nftables rules of kube-network-policies, they queue the first packet of every connection from or to a pod, except for
// the node's own connections, such as the kubelet's probes. While no agent reads the queue, packets pass.
func PolicyRules(ipFamily string) map[string]string {
	rules := map[string]string{}
	for _, f := range PlanOf(state.Cluster{IPFamily: ipFamily}).Families {
		program, discovery := "iptables-restore", ""
		if f.name == ipv6.name {
			program, discovery = "ip6tables-restore", "-A POSTROUTING -p ipv6-icmp -j ACCEPT\n"
		}
		queue := fmt.Sprintf("-m conntrack ! --ctstate ESTABLISHED,RELATED -m owner ! --uid-owner 0 -j NFQUEUE --queue-num %d --queue-bypass", PolicyQueue)
		rules[program] = fmt.Sprintf("*mangle\n%[1]s-A POSTROUTING -d %[2]s %[3]s\n-A POSTROUTING -s %[2]s ! -d %[2]s %[3]s\nCOMMIT\n", discovery, f.pods, queue)
	}
	return rules
}

// SetPolicyRules loads PolicyRules into the network namespace of the calling thread.
func SetPolicyRules(ctx context.Context, ipFamily string) error {
	for program, rules := range PolicyRules(ipFamily) {
		cmd := exec.CommandContext(ctx, program, "--noflush")
		cmd.Stdin = strings.NewReader(rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(out))
		}
	}
	return nil
}
