package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// budget is how long setting or clearing one fault may take: a node halts, or its containerd starts.
const budget = 30 * time.Second

// Reconcile clears the faults of now that are not in next, and sets those of next that are not in now. It returns those
// that are set afterwards, also with an error: one that could not be set is not, and one that could not be cleared is
// still set, so that clearing it can be tried again.
func Reconcile(ctx context.Context, nodes []Node, now, next []Fault) ([]Fault, error) {
	set := slices.Clone(now)
	for _, f := range Without(now, next) {
		if err := f.undo(ctx, nodes); err != nil {
			return set, fmt.Errorf("clear %s: %w", f, err)
		}
		set = Without(set, []Fault{f})
	}
	for _, f := range Without(next, now) {
		if err := f.apply(ctx, nodes); err != nil {
			undone := f.undo(ctx, nodes) // not half of it
			if undone != nil {
				set = append(set, f)
			}
			return set, errors.Join(fmt.Errorf("set %s: %w", f, err), undone)
		}
		set = append(set, f)
	}
	return set, nil
}

// apply filters first: a node that halts must not say goodbye.
func (f Fault) apply(ctx context.Context, nodes []Node) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	k := f.Kind()
	if k.Name == "" {
		return unknown(f.Name)
	}
	if err := f.filter(ctx, nodes, func(chains string) string { return chains }); err != nil {
		return err
	}
	return f.call(ctx, nodes, k.Apply)
}

func (f Fault) undo(ctx context.Context, nodes []Node) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	if err := f.filter(ctx, nodes, func(string) string { return "" }); err != nil {
		return err
	}
	return f.call(ctx, nodes, f.Kind().Undo)
}

// filter gives each node that the fault filters packets of a table, with what edit makes of its chains.
func (f Fault) filter(ctx context.Context, nodes []Node, edit func(chains string) string) error {
	filter := f.Kind().Filter
	if filter == nil {
		return nil
	}
	for _, n := range nodes {
		chains := filter(n.Config(), f.Args)
		if chains == "" {
			continue
		}
		if err := n.Filter(ctx, f.table(), edit(chains)); err != nil {
			return fmt.Errorf("%s: %w", n.Config().Name, err)
		}
	}
	return nil
}

// call calls Apply or Undo of the kind, where it has one, for its node.
func (f Fault) call(ctx context.Context, nodes []Node, do func(context.Context, Node) error) error {
	if do == nil {
		return nil
	}
	i := slices.IndexFunc(nodes, func(n Node) bool { return n.Config().Name == f.Args[0] })
	if i < 0 {
		return fmt.Errorf("node %q: not found in the cluster", f.Args[0])
	}
	return do(ctx, nodes[i])
}
