package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"sigs.k8s.io/e2e-framework/pkg/types"
)

var _ types.E2EClusterProviderWithLifeCycle = (*Embedded)(nil)

// AddNode is not possible; its error says so.
func (e *Embedded) AddNode(context.Context, *types.Node, ...string) error {
	return errors.New("kbe-cluster makes all nodes at once: use Create with --nodes")
}

// RemoveNode is not possible; its error says so.
func (e *Embedded) RemoveNode(context.Context, *types.Node, ...string) error {
	return errors.New("kbe-cluster does not remove nodes: use StopNode")
}

// StopNode cuts a node's power: all its processes end, and it falls
// silent. The API server notices after its grace period.
func (e *Embedded) StopNode(ctx context.Context, node *types.Node, _ ...string) error {
	return e.SetFault(ctx, "power-off", node.Name)
}

// StartNode boots a node that was stopped, and returns when it is Ready.
func (e *Embedded) StartNode(ctx context.Context, node *types.Node, _ ...string) error {
	return e.ClearFault(ctx, "power-off", node.Name)
}

// halted are the states of nodes with faults that halt them.
var halted = map[string]string{"power-off": "stopped", "pause": "paused"}

// ListNode returns the nodes and their states: running, stopped or paused.
func (e *Embedded) ListNode(ctx context.Context, _ ...string) ([]types.Node, error) {
	out, err := e.output(ctx, "status", "-o", "json")
	if err != nil {
		return nil, err
	}
	var status struct {
		Nodes []struct {
			Name      string
			Addresses []net.IP
		}
		Faults []struct {
			Name string
			Args []string
		}
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		return nil, fmt.Errorf("kbe-cluster status: %w", err)
	}
	var nodes []types.Node
	for _, each := range status.Nodes {
		node := types.Node{Name: each.Name, Cluster: e.name, State: "running"}
		for _, fault := range status.Faults {
			if state := halted[fault.Name]; state != "" && fault.Args[0] == each.Name {
				node.State = state
			}
		}
		if len(each.Addresses) > 0 {
			node.IP = each.Addresses[0]
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}
