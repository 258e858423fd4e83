package supervisor

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/rpc"
	"os"
	"reflect"
	"slices"
	"sync"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Control is what other processes can ask of the supervisor, by the names of its methods. Each method is idempotent; its
// reply tells whether it changed anything.
type Control struct {
	ctx      context.Context // of the cluster's life
	dir      state.Dir
	cluster  state.Cluster
	topology *topology
	nodes    []*host

	mu     sync.Mutex
	faults state.Faults
}

// serve takes requests on the cluster's control socket, which nobody else may connect to. The supervisor holds the
// namespaces open and keeps the components running, so whoever wants to change that asks it.
func (c *Control) serve() error {
	server := rpc.NewServer()
	if err := server.Register(c); err != nil {
		return err
	}
	socket, err := net.Listen("unix", c.dir.ControlSocket())
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(c.dir.ControlSocket(), 0o600); err != nil {
		return err
	}
	go server.Accept(socket)
	return nil
}

// Ask calls a method of the Control of a running cluster.
func Ask(ctx context.Context, dir state.Dir, method string, argument any) (changed bool, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", dir.ControlSocket())
	if err != nil {
		return false, fmt.Errorf("the supervisor of cluster %s does not answer: %w; see `kbe-cluster status --name %[1]s`", dir.Name(), err)
	}
	client := rpc.NewClient(conn)
	defer conn.Close() // ends the client too
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case call := <-client.Go("Control."+method, argument, &changed, nil).Done:
		return changed, call.Error
	}
}

// Partition cuts two nodes and their pods off from each other.
func (c *Control) Partition(pair state.Pair, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) {
		if !slices.Contains(f.Partitions, pair) {
			f.Partitions = append(f.Partitions, pair)
		}
	})
}

// Heal undoes Partition: of the given pair, or of all when both its names are empty.
func (c *Control) Heal(pair state.Pair, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) {
		f.Partitions = slices.DeleteFunc(f.Partitions, func(p state.Pair) bool { return pair == state.Pair{} || p == pair })
	})
}

// Deny keeps everybody but its node from a pod's address.
func (c *Control) Deny(address netip.Addr, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) {
		if !slices.Contains(f.Denied, address) {
			f.Denied = append(f.Denied, address)
		}
	})
}

// Allow undoes Deny: of the given address, or of all when it is none.
func (c *Control) Allow(address netip.Addr, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) {
		f.Denied = slices.DeleteFunc(f.Denied, func(a netip.Addr) bool { return !address.IsValid() || a == address })
	})
}

// Masquerade has the pods of a node seen under the node's address by pods of other nodes.
func (c *Control) Masquerade(node string, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) { f.Masqueraded = with(f.Masqueraded, node) })
}

// Unmask undoes Masquerade: of the given node, or of all when it is "".
func (c *Control) Unmask(node string, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) { f.Masqueraded = without(f.Masqueraded, node) })
}

// DropHairpins keeps the pods of a node from reaching themselves by way of a service.
func (c *Control) DropHairpins(node string, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) { f.NoHairpin = with(f.NoHairpin, node) })
}

// PassHairpins undoes DropHairpins: of the given node, or of all when it is "".
func (c *Control) PassHairpins(node string, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) { f.NoHairpin = without(f.NoHairpin, node) })
}

// Duplicate has the network plugin of a node give each new pod the same address.
func (c *Control) Duplicate(node string, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) { f.Duplicating = with(f.Duplicating, node) })
}

// Distinguish undoes Duplicate: of the given node, or of all when it is "".
func (c *Control) Distinguish(node string, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) { f.Duplicating = without(f.Duplicating, node) })
}

// with adds a node to a list of them.
func with(nodes []string, node string) []string {
	if slices.Contains(nodes, node) {
		return nodes
	}
	return append(nodes, node)
}

// without takes a node off a list of them, or all when it is "".
func without(nodes []string, node string) []string {
	return slices.DeleteFunc(nodes, func(n string) bool { return node == "" || n == node })
}

// Divert has another pod answer at a pod's address. It replaces an earlier detour of that address.
func (c *Control) Divert(d state.Detour, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) {
		if f.Diverted == nil {
			f.Diverted = map[netip.Addr]netip.Addr{}
		}
		f.Diverted[d.Address] = d.To
	})
}

// Straighten undoes Divert: of the given address, or of all when it is none.
func (c *Control) Straighten(address netip.Addr, changed *bool) error {
	return c.edit(changed, func(f *state.Faults) {
		maps.DeleteFunc(f.Diverted, func(a, _ netip.Addr) bool { return !address.IsValid() || a == address })
	})
}

// edit changes the faults.
func (c *Control) edit(changed *bool, edit func(*state.Faults)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apply(changed, edit)
}

// apply makes the nodes behave as the edited faults say, and writes them down. It is called with the lock held.
func (c *Control) apply(changed *bool, edit func(*state.Faults)) error {
	next := c.faults.Clone()
	edit(&next)
	if reflect.DeepEqual(next, c.faults) {
		return nil
	}
	for i, name := range c.cluster.Nodes {
		if duplicating := slices.Contains(next.Duplicating, name); duplicating != slices.Contains(c.faults.Duplicating, name) {
			if err := c.nodes[i].plug(duplicating); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		rules := c.topology.plan.FaultRules(name, next)
		if rules == c.topology.plan.FaultRules(name, c.faults) {
			continue
		}
		err := c.topology.nodes[i].Do(func() error { return network.Load(c.ctx, rules) })
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	*changed, c.faults = true, next
	return c.dir.WriteFaults(next)
}
