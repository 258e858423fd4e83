package preflight

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/gotool"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/parts"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Request is what the cluster is going to need.
type Request struct {
	// Kubernetes is one of parts.Versions.
	Kubernetes string
	// Nodes is the number of nodes.
	Nodes int
	// Port is the port that the API is to be offered on, 0 for any.
	Port int
	// NetworkPolicy reports that it enforces NetworkPolicies.
	NetworkPolicy bool
	// IPv6 reports that it has addresses of that family.
	IPv6 bool
}

// Result is what was found out on the way.
type Result struct {
	// ProxyMode is the mode of kube-proxy that works here.
	ProxyMode string
	// PolicyMode is how packets get to what decides about them here; empty without NetworkPolicies.
	PolicyMode string
}

// Problems is an error that lists everything that is wrong.
type Problems []error

// Error returns one line per problem.
func (p Problems) Error() string {
	lines := []string{"this machine cannot run the cluster yet:"}
	for _, err := range p {
		lines = append(lines, "  - "+err.Error())
	}
	return strings.Join(lines, "\n")
}

// Check returns Problems when the cluster could not start.
func Check(ctx context.Context, r Request) (Result, error) {
	var result Result
	if err := Root(); err != nil {
		return result, err // without root the other answers mean nothing
	}
	var problems Problems
	for _, check := range []func() error{architecture, func() error { return goOrParts(r.Kubernetes) }, func() error { return runc(ctx) }, controlGroups,
		func() error { return disk(r.Kubernetes) }, overlay,
		func() error { return port(r.Port) }, func() error { return ipv6(r.IPv6) }, func() error { return inotify(r.Nodes) },
		func() (err error) { result.ProxyMode, err = proxyMode(ctx, r.IPv6); return err },
		func() (err error) { result.PolicyMode, err = policyMode(ctx, r.NetworkPolicy, r.IPv6); return err }} {
		if err := check(); err != nil {
			problems = append(problems, err)
		}
	}
	if problems != nil {
		return result, problems
	}
	return result, nil
}

// Root returns an error when the process may not do what every command on a cluster has to.
func Root() error {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Errorf("user: expected root (namespaces, mounts and control groups need it), found user ID %d; run it with sudo", uid)
	}
	return nil
}

func architecture() error {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return fmt.Errorf("architecture: expected amd64 or arm64, found %s; use another machine", runtime.GOARCH)
	}
	return nil
}

func goOrParts(kubernetes string) error {
	if bin, err := parts.Cached(kubernetes); bin != "" || err != nil {
		return err
	}
	if _, err := gotool.Find(); err != nil {
		return parts.ErrNoGo
	}
	return nil
}

func controlGroups() error {
	hierarchies, err := cgroup.Mounted()
	if err != nil {
		return err
	}
	if missing := cgroup.Missing(hierarchies); len(missing) > 0 {
		return fmt.Errorf("control groups: expected the controllers %s below /sys/fs/cgroup, not found: %s; mount them, or remove cgroup_disable= from the kernel's command line",
			strings.Join(cgroup.Required, ", "), strings.Join(missing, ", "))
	}
	return cgroup.Writable(hierarchies)
}

func port(port int) error {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("port %d: expected it to be free on 127.0.0.1: %w; choose another --port, or 0 for any", port, err)
	}
	return l.Close()
}

func ipv6(needed bool) error {
	if _, err := os.Stat("/proc/net/if_inet6"); needed && err != nil {
		return fmt.Errorf("IPv6: expected a kernel that has it: %w; remove ipv6.disable= from the kernel's command line, or use --ip-family ipv4", err)
	}
	return nil
}

// existing returns the nearest folder above path that is there.
func existing(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		path = path[:max(1, strings.LastIndexByte(path, '/'))]
	}
}

// stateRoot is where the files of clusters will be.
func stateRoot() string { return existing(state.Root()) }
