package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// host is one node: what runs on it, from boot to halt.
type host struct {
	config.Node
	dir      state.Dir
	topology *topology
	keeper   *keeper
	group    cgroup.Group // of everything on the node, pods included

	on   context.Context // ends when the node is halted
	cut  context.CancelFunc
	kept []<-chan struct{} // each closed when a component is not kept running any more
}

// boot makes the node's file system, starts containerd and returns once it answers, or starting ends. What runs on the node runs until ctx ends or the
// node is halted.
func (n *host) boot(ctx, starting context.Context) error {
	n.on, n.cut = context.WithCancel(ctx)
	n.kept = nil
	if err := n.topology.furnish(n.Index - 1); err != nil {
		return fmt.Errorf("boot %s: %w", n.Name, err)
	}
	if err := os.MkdirAll(n.dir.Path("log", n.Name), 0o755); err != nil {
		return err
	}
	n.keep("containerd", n.Containerd())
	if err := waitSocket(starting, n.dir.HostSocket(n.Name)); err != nil {
		return &componentError{n.Name + "/containerd", err}
	}
	return nil
}

// join starts what makes a machine a node of the cluster.
func (n *host) join() {
	n.keep("kubelet", n.Kubelet())
	n.keep("kube-proxy", n.KubeProxy())
}

// plug writes the network plugin's configuration, which containerd reads again.
func (n *host) plug(duplicating bool) error {
	n.Duplicating = duplicating
	data, err := n.NetworkPlugin()
	if err != nil {
		return err
	}
	return state.WriteFile(n.dir.Node(n.Name, config.NetworkPluginFile), data)
}

// halt ends every process on the node, as when it loses its power. It can be called again.
func (n *host) halt(ctx context.Context) error {
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
