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

// StopNode cuts a node's power: all its processes are gone, and it falls
// silent. The API server notices after its grace period.
func (e *Embedded) StopNode(ctx context.Context, node *types.Node, _ ...string) error {
	return e.node(ctx, "stop", node.Name)
}

// StartNode boots a node that was stopped, and returns when it is Ready.
func (e *Embedded) StartNode(ctx context.Context, node *types.Node, _ ...string) error {
	return e.node(ctx, "start", node.Name)
}

// PauseNode has all processes of a node stand still, and the node fall silent.
func (e *Embedded) PauseNode(ctx context.Context, name string) error {
	return e.node(ctx, "pause", name)
}

// ResumeNode lets a paused node go on.
func (e *Embedded) ResumeNode(ctx context.Context, name string) error {
	return e.node(ctx, "resume", name)
}

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
		Faults struct{ Halted map[string]string }
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		return nil, fmt.Errorf("kbe-cluster status: %w", err)
	}
	var nodes []types.Node
	for _, each := range status.Nodes {
		node := types.Node{Name: each.Name, Cluster: e.name, State: "running"}
		if halt := status.Faults.Halted[each.Name]; halt != "" {
			node.State = halt
		}
		if len(each.Addresses) > 0 {
			node.IP = each.Addresses[0]
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

func (e *Embedded) node(ctx context.Context, verb, name string) error {
	_, err := e.output(ctx, "node", verb, name)
	return err
}
