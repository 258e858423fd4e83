package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/poll"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// host is one node: what runs on it, from boot to halt.
type host struct {
	config.Node
	dir      state.Dir
	topology *topology
	keeper   *keeper
	group    cgroup.Group      // of everything on the node, pods included
	filters  map[string]string // chains of the nftables tables that faults have made, by the names of the tables

	life context.Context // of the cluster
	on   context.Context // ends when the node is halted
	cut  context.CancelFunc
	kept []<-chan struct{} // each closed when a component is not kept running any more
}

// boot makes the node's file system, starts containerd and returns once it answers, or starting ends. What runs on the node
// runs until the cluster's life ends, or the node is halted.
func (n *host) boot(starting context.Context) error {
	n.on, n.cut = context.WithCancel(n.life)
	n.kept = nil
	if err := n.topology.furnish(n.Index - 1); err != nil {
		return fmt.Errorf("boot %s: %w", n.Name, err)
	}
	if err := os.MkdirAll(n.dir.Path("log", n.Name), 0o755); err != nil {
		return err
	}
	n.keep("containerd", n.Containerd())
	if err := poll.Socket(starting, n.dir.HostSocket(n.Name)); err != nil {
		return &componentError{n.Name + "/containerd", err}
	}
	return nil
}

// join starts what makes a machine a node of the cluster.
func (n *host) join() {
	n.keep("kubelet", n.Kubelet())
	n.keep("kube-proxy", n.KubeProxy())
	if n.topology.cluster.PolicyMode != "" {
		n.keep("kube-network-policies", n.PolicyAgent())
	}
}

// Config returns the node's configuration.
func (n *host) Config() config.Node { return n.Node }

// Filter replaces an nftables table of the node.
func (n *host) Filter(ctx context.Context, table, chains string) error {
	if chains == "" {
		delete(n.filters, table)
	} else {
		n.filters[table] = chains
	}
	return n.topology.nodes[n.Index-1].Do(func() error { return network.SetTable(ctx, table, chains) })
}

// WriteFile replaces a file of the node, whether it runs or not.
func (n *host) WriteFile(path string, data []byte) error {
	return state.WriteFile(n.dir.Node(n.Name, path), data)
}

// Freeze stops every process on the node.
func (n *host) Freeze(ctx context.Context) error { return n.group.Freeze(ctx) }

// Thaw undoes Freeze.
func (n *host) Thaw() error { return n.group.Thaw() }

// Boot starts the node again, in new namespaces, and returns once its containerd answers. It halts it first, for an earlier
// Boot may have failed halfway.
func (n *host) Boot(ctx context.Context) error {
	if err := n.Halt(ctx); err != nil {
		return err
	}
	if err := n.topology.replace(n.Index - 1); err != nil {
		return err
	}
	for table, chains := range n.filters {
		if err := n.Filter(ctx, table, chains); err != nil {
			return err
		}
	}
	if err := n.boot(ctx); err != nil {
		return err
	}
	n.join()
	return nil
}

// Halt ends every process on the node, as when it loses its power. It can be called again.
func (n *host) Halt(ctx context.Context) error {
	n.cut()
	if err := n.group.Remove(ctx); err != nil {
		return err
	}
	for _, done := range n.kept {
		<-done
	}
	return nil
}

func (n *host) keep(part string, args []string) {
	c := component{filepath.Join(n.Name, part), args, n.topology.nodes[n.Index-1], systemOf(n.group)}
	n.kept = append(n.kept, n.keeper.run(n.on, c))
}
