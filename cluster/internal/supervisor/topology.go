package supervisor

import (
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/node"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// topology is where components run.
type topology struct {
	controlPlane *sandbox.Sandbox
	nodes        []*sandbox.Sandbox
}

func build(dir state.Dir, cluster state.Cluster) (*topology, error) {
	n := len(cluster.Nodes)
	plane, err := sandbox.New(false)
	if err != nil {
		return nil, err
	}
	t := &topology{controlPlane: plane}
	if err := plane.Do(func() error { return network.SetUpControlPlane(n) }); err != nil {
		return nil, err
	}
	for i, name := range cluster.Nodes {
		box, err := sandbox.New(true)
		if err != nil {
			return nil, err
		}
		t.nodes = append(t.nodes, box)
		if err := plane.Do(func() error { return network.Connect(i+1, box.Net()) }); err != nil {
			return nil, err
		}
		root := node.Root{Name: name, State: dir.Node(name), Bin: cluster.Bin}
		err = box.Do(func() error {
			if err := network.SetUpNode(i+1, n); err != nil {
				return err
			}
			return root.Make()
		})
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}
