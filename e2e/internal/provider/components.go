package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// component is what `kbe-cluster status` reports a process of the cluster.
type component struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
}

// PID returns the process number of a component, such as kube-apiserver or
// node-1/kubelet.
func (e *Embedded) PID(ctx context.Context, name string) (int, error) {
	components, err := e.components(ctx)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(components, func(c component) bool { return c.Name == name && c.PID != 0 })
	if i < 0 {
		return 0, fmt.Errorf("cluster %q: component %q: expected it to run, found %v", e.name, name, components)
	}
	return components[i].PID, nil
}

// Process returns a component's process. When that ends, kbe-cluster starts another.
func (e *Embedded) Process(ctx context.Context, name string) (*os.Process, error) {
	pid, err := e.PID(ctx, name)
	if err != nil {
		return nil, err
	}
	return os.FindProcess(pid)
}

// Nodes returns the names of the nodes.
func (e *Embedded) Nodes(ctx context.Context) (nodes []string, err error) {
	components, err := e.components(ctx)
	for _, c := range components {
		if node, ok := strings.CutSuffix(c.Name, "/kubelet"); ok {
			nodes = append(nodes, node)
		}
	}
	return nodes, err
}

func (e *Embedded) components(ctx context.Context) ([]component, error) {
	out, err := e.output(ctx, "status", "-o", "json")
	if err != nil {
		return nil, err
	}
	var status struct {
		Components []component `json:"components"`
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		return nil, fmt.Errorf("kbe-cluster status: %w", err)
	}
	return status.Components, nil
}
