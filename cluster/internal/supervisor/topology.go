package supervisor

import (
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/node"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// topology is where components run.
type topology struct {
	dir          state.Dir
	cluster      state.Cluster
	plan         network.Plan
	controlPlane *sandbox.Sandbox
	nodes        []*sandbox.Sandbox
}

func build(dir state.Dir, cluster state.Cluster) (*topology, error) {
	plane, err := sandbox.New(false)
	if err != nil {
		return nil, err
	}
	t := &topology{dir: dir, cluster: cluster, plan: network.PlanOf(cluster), controlPlane: plane, nodes: make([]*sandbox.Sandbox, len(cluster.Nodes))}
	for _, set := range []func() error{t.plan.SetUpKernel, t.plan.SetUpControlPlane} {
		if err := plane.Do(set); err != nil {
			return nil, err
		}
	}
	for i := range cluster.Nodes {
		if err := t.place(i); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// place makes the namespaces of the i-th node, counted from 0, and joins it to the others.
func (t *topology) place(i int) error {
	box, err := sandbox.New(true)
	if err != nil {
		return err
	}
	t.nodes[i] = box
	if err := box.Do(t.plan.SetUpKernel); err != nil {
		return err
	}
	if err := t.controlPlane.Do(func() error { return network.Connect(i+1, box.Net()) }); err != nil {
		return err
	}
	name := t.cluster.Nodes[i]
	root := node.Root{Name: name, State: t.dir.Node(name), Bin: t.cluster.Bin}
	return box.Do(func() error {
		if err := t.plan.SetUpNode(i + 1); err != nil {
			return err
		}
		return root.Make()
	})
}

// replace makes new namespaces for the i-th node, counted from 0, none of whose processes is left. The kernel removes the
// old ones, with what was mounted in them.
func (t *topology) replace(i int) error {
	if err := t.controlPlane.Do(func() error { return network.Disconnect(i + 1) }); err != nil {
		return err
	}
	t.nodes[i].Close()
	return t.place(i)
}
