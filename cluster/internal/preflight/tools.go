package preflight

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
)

// runc must know cgroup v2 and the features file of containerd 2.
func runc(ctx context.Context) error {
	const remedy = "install the package runc"
	path, err := find("runc")
	if err != nil {
		return fmt.Errorf("runc: expected version 1.1 or newer: %w; %s", err, remedy)
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return fmt.Errorf("`%s --version`: %w; %s", path, err, remedy)
	}
	if version, ok := runcVersion(string(out)); !ok {
		return fmt.Errorf("runc: expected version 1.1 or newer, found %q; %s from a newer distribution", version, remedy)
	}
	return nil
}

// runcVersion reads the first line of `runc --version` and reports whether the version is new enough.
func runcVersion(out string) (version string, ok bool) {
	version, _, _ = strings.Cut(strings.TrimPrefix(out, "runc version "), "\n")
	return version, atLeast(version, 1, 1)
}

// atLeast compares the first two numbers of a version.
func atLeast(version string, major, minor int) bool {
	var a, b int
	n, _ := fmt.Sscanf(strings.TrimPrefix(version, "v"), "%d.%d", &a, &b)
	return n == 2 && (a > major || a == major && b >= minor)
}

// find looks where the components will look, which is not the user's PATH: that often lacks /usr/sbin.
func find(name string) (string, error) {
	for _, dir := range filepath.SplitList(config.Path) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s not found in %s", name, config.Path)
}

// proxyMode finds out how kube-proxy can make services work here, by loading rules such as its own into a network
// namespace that ends with the program. Services are part of Kubernetes: with neither mode there is no cluster.
func proxyMode(ctx context.Context, ipv6 bool) (string, error) {
	nft := nftSupported(ctx)
	if nft == nil {
		nft = try(ctx, nftRules, "nft", "-f", "-")
	}
	if nft == nil && ipv6 {
		nft = try(ctx, toIPv6.Replace(nftRules), "nft", "-f", "-")
	}
	if nft == nil {
		return "nftables", nil
	}
	ipt := try(ctx, iptablesRules, "iptables-restore")
	if ipt == nil && ipv6 {
		ipt = try(ctx, toIPv6.Replace(iptablesRules), "ip6tables-restore")
	}
	if ipt == nil {
		return "iptables", nil
	}
	return "", fmt.Errorf("services: kube-proxy needs nft or iptables, and the kernel's part of it; install the package nftables (tried nft: %w; iptables: %w)", nft, ipt)
}

// toIPv6 turns the rules below into those of the other family.
var toIPv6 = strings.NewReplacer("table ip ", "table ip6 ", "ipv4_addr", "ipv6_addr", "ip daddr", "ip6 daddr", "10.244.1.2:80", "[fd00:10:244:1::2]:80")

// nftSupported repeats the conditions that kube-proxy itself has for nftables.
func nftSupported(ctx context.Context) error {
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return err
	}
	if release := unix.ByteSliceToString(uname.Release[:]); !atLeast(release, 5, 13) {
		return fmt.Errorf("expected Linux 5.13 or newer, found %s", release)
	}
	path, err := find("nft")
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return err
	}
	if version := strings.TrimPrefix(string(out), "nftables v"); !atLeast(version, 1, 0) || strings.HasPrefix(version, "1.0.0") {
		return fmt.Errorf("expected nft 1.0.1 or newer, found %s", strings.TrimSpace(version))
	}
	return nil
}

const nftRules = `table ip kbe-probe {
	map services {
		type ipv4_addr . inet_proto . inet_service : verdict
	}
	chain endpoint {
		meta l4proto tcp dnat to 10.244.1.2:80
	}
	chain choose {
		numgen random mod 2 vmap { 0 : goto endpoint, 1 : goto endpoint }
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr . meta l4proto . th dport vmap @services
		fib daddr type local meta mark set mark or 0x4000
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		meta mark & 0x4000 != 0 masquerade fully-random
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state new reject
	}
}
`

const iptablesRules = `*nat
:KBE-PROBE - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j KBE-PROBE
-A KBE-PROBE -p tcp -m comment --comment probe -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.244.1.2:80
-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE --random-fully
COMMIT
*filter
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`

// try runs a program in its own network namespace.
func try(ctx context.Context, stdin, name string, args ...string) error {
	path, err := find(name)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) > 0 {
		first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%w: %s", err, first)
	}
	return err
}
