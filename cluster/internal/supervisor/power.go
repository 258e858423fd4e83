package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// powerBudget is how long a node may take to halt, or its containerd to start.
const powerBudget = 30 * time.Second

// Stop cuts a node's power: it falls silent, and every process on it is gone.
func (c *Control) Stop(name string, changed *bool) error {
	return c.power(name, func(ctx context.Context, n *host, _ state.Halt) error {
		if err := c.apply(changed, halted(name, state.Stopped)); err != nil { // before a dying process says goodbye
			return err
		}
		return n.halt(ctx)
	})
}

// Start boots a node that was stopped, with the disk that it had.
func (c *Control) Start(name string, changed *bool) error {
	return c.power(name, func(ctx context.Context, n *host, was state.Halt) error {
		if was == "" {
			return nil
		}
		if was == state.Paused {
			return fmt.Errorf("%s: expected it to be stopped, found it paused; resume it", name)
		}
		if err := c.topology.replace(n.Index - 1); err != nil {
			return err
		}
		if err := c.apply(changed, running(name)); err != nil {
			return err
		}
		if err := n.boot(c.ctx, ctx); err != nil {
			return err
		}
		n.join()
		return nil
	})
}

// Pause has every process on a node stand still, and the node fall silent.
func (c *Control) Pause(name string, changed *bool) error {
	return c.power(name, func(ctx context.Context, n *host, was state.Halt) error {
		if was == state.Stopped {
			return fmt.Errorf("%s: expected it to run, found it stopped; start it", name)
		}
		if err := c.apply(changed, halted(name, state.Paused)); err != nil {
			return err
		}
		if err := n.group.Freeze(ctx); err != nil { // not half of it
			return errors.Join(err, n.group.Thaw(), c.apply(changed, running(name)))
		}
		return nil
	})
}

// Resume undoes Pause.
func (c *Control) Resume(name string, changed *bool) error {
	return c.power(name, func(_ context.Context, n *host, was state.Halt) error {
		if was == "" {
			return nil
		}
		if was == state.Stopped {
			return fmt.Errorf("%s: expected it to be paused, found it stopped; start it", name)
		}
		if err := n.group.Thaw(); err != nil {
			return err
		}
		return c.apply(changed, running(name))
	})
}

// power finds a node and how it is, for a change to it that nothing else interferes with.
func (c *Control) power(name string, change func(ctx context.Context, n *host, was state.Halt) error) error {
	i := slices.Index(c.cluster.Nodes, name)
	if i < 0 {
		return fmt.Errorf("node %q: not found in cluster %s", name, c.cluster.Name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.ctx, powerBudget)
	defer cancel()
	return change(ctx, c.nodes[i], c.faults.Halted[name])
}

func halted(name string, how state.Halt) func(*state.Faults) {
	return func(f *state.Faults) {
		if f.Halted == nil {
			f.Halted = map[string]state.Halt{}
		}
		f.Halted[name] = how
	}
}

func running(name string) func(*state.Faults) {
	return func(f *state.Faults) { delete(f.Halted, name) }
}
