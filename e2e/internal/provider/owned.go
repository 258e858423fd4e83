package provider

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"sigs.k8s.io/e2e-framework/pkg/types"
	"sigs.k8s.io/e2e-framework/third_party/k3d"
	"sigs.k8s.io/e2e-framework/third_party/kind"
)

// Owned is a cluster of another tool, by e2e-framework's provider for it, which it
// destroys only where it has made it. The provider itself takes a cluster of the
// same name that exists for its own, and deletes it in the end; and it installs the
// tool where there is none.
type Owned struct {
	types.E2EClusterProviderWithImageLoader
	tool    string
	list    []string // the arguments that list the names of all clusters, one a line
	name    string
	created bool
}

// NewKind returns a cluster of kind; nothing runs before Create.
func NewKind(name string) *Owned {
	return newOwned("kind", name, &kind.Cluster{}, "get", "clusters")
}

// NewK3d returns a cluster of k3d; nothing runs before Create.
func NewK3d(name string) *Owned {
	return newOwned("k3d", name, &k3d.Cluster{}, "cluster", "list", "--no-headers")
}

func newOwned(tool, name string, p types.E2EClusterProviderWithImageLoader, list ...string) *Owned {
	p.WithName(name)
	return &Owned{E2EClusterProviderWithImageLoader: p, tool: tool, name: name, list: list}
}

// Create makes the cluster, with more arguments for the tool. A cluster of that
// name that exists is refused.
func (o *Owned) Create(ctx context.Context, args ...string) (string, error) {
	path, err := exec.LookPath(o.tool)
	if err != nil {
		return "", fmt.Errorf("a cluster of %s needs %[1]s on PATH: install it, or use another --cluster: %w", o.tool, err)
	}
	o.WithPath(path)
	names, err := o.names(ctx, path)
	if err != nil {
		return "", err
	}
	if slices.Contains(names, o.name) {
		return "", fmt.Errorf("the %s cluster %q exists already, and was not made by these tests: use another name", o.tool, o.name)
	}
	// From here on something of it may be there, even where Create fails.
	o.created = true
	return o.E2EClusterProviderWithImageLoader.Create(ctx, args...)
}

// CreateWithConfig is Create with a configuration file of the tool.
func (o *Owned) CreateWithConfig(ctx context.Context, file string) (string, error) {
	return o.Create(ctx, "--config", file)
}

// names are those of all clusters.
func (o *Owned) names(ctx context.Context, path string) ([]string, error) {
	out, err := exec.CommandContext(ctx, path, o.list...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return nil, fmt.Errorf("%s %s: %w", o.tool, strings.Join(o.list, " "), err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 0 {
			names = append(names, fields[0])
		}
	}
	return names, nil
}

// Destroy deletes the cluster, if Create made it.
func (o *Owned) Destroy(ctx context.Context) error {
	if !o.created {
		return nil
	}
	if err := o.E2EClusterProviderWithImageLoader.Destroy(ctx); err != nil {
		return err
	}
	o.created = false
	return nil
}
