package fault

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Kind is one way to break a cluster.
type Kind struct {
	// Name sets it on the command line; Short and Long are its help.
	Name, Short, Long string
	// Params are its parameters, all of which it needs.
	Params []Param
	// Example has arguments for the help, which fit a cluster of three nodes.
	Example string
	// Check, where there is one, checks the arguments together, and brings those whose order does not matter into one order.
	Check func(args []string) error
	// State is what is so while the fault is set: a format of the arguments.
	State string
	// Slot, where there is one: of all faults with the same slot and first argument one is set, the latest.
	Slot string
	// Reboots: the node that is the first argument boots when the fault is cleared.
	Reboots bool

	// Filter returns the chains of an nftables table that a node has while the fault is set, and "" for none.
	Filter func(n config.Node, args []string) string
	// Apply and Undo do what a packet filter cannot, to the node that is the first argument. Undo also follows an Apply that
	// failed, and an Undo that failed.
	Apply, Undo func(ctx context.Context, n Node) error
	// Registry changes how the image registry behaves while the fault is set.
	Registry func(b *registry.Behavior, args []string)
}

// Node is what faults can do to a node.
type Node interface {
	// Config returns the configuration of the node, as it is without faults.
	Config() config.Node
	// Filter replaces an nftables table in the node's network by one with these chains, or removes it when they are "".
	// The node keeps it when it boots again.
	Filter(ctx context.Context, table, chains string) error
	// WriteFile replaces a file of the node, whose path is one within it.
	WriteFile(path string, data []byte) error
	// Freeze stops all processes of the node, and Thaw lets them continue.
	Freeze(ctx context.Context) error
	Thaw() error
	// Halt ends all processes of the node, and Boot starts it again, with the disk that it had. Both can be called again.
	Halt(ctx context.Context) error
	Boot(ctx context.Context) error
}

// kinds is the table of all faults.
var kinds []Kind

// Kinds returns all faults that can be set, in the order of their names.
func Kinds() []Kind {
	return slices.SortedFunc(slices.Values(kinds), func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
}

// find returns the kind of that name, which is empty when there is none.
func find(name string) Kind {
	for _, k := range kinds {
		if k.Name == name {
			return k
		}
	}
	return Kind{}
}

func unknown(name string) error {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return fmt.Errorf("fault %q: expected one of %s", name, strings.Join(names, ", "))
}

// parse checks arguments one by one. Some of the last may be missing.
func (k Kind) parse(c state.Cluster, args []string) ([]string, error) {
	if len(args) > len(k.Params) {
		return nil, fmt.Errorf("fault %s: expected at most %d arguments, found %d: %s", k.Name, len(k.Params), len(args), strings.Join(args, " "))
	}
	var parsed []string
	for i, arg := range args {
		value, err := k.Params[i].parse(c, arg)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, value)
	}
	return parsed, nil
}

// Param is a parameter of a fault.
type Param struct {
	// Name is what it is called in the help.
	Name  string
	parse func(c state.Cluster, text string) (string, error)
}

// nodeName is the name of a node.
var nodeName = Param{"NODE", func(c state.Cluster, text string) (string, error) { return text, c.CheckNode(text) }}

// podAddress is an address that a pod has, or could have.
func podAddress(name string) Param {
	return Param{name, func(c state.Cluster, text string) (string, error) {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return "", fmt.Errorf("address %q: expected the IP address of a pod: %w", text, err)
		}
		if plan := network.PlanOf(c); plan.NodeOf(address) == 0 {
			return "", fmt.Errorf("address %s: expected one of a pod, found none of a node of cluster %s, whose pods are in %s; see `kbe-cluster kubectl --name %[2]s get pods -A -o wide`",
				address, c.Name, strings.Join(plan.Pods(), " and "))
		}
		return address.String(), nil
	}}
}
