package launch

import (
	"crypto/rand"
	"encoding/hex"
	"os"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// writeFiles writes everything that the components will read.
func writeFiles(dir state.Dir, c state.Cluster) error {
	if err := os.MkdirAll(string(dir), 0o700); err != nil {
		return err
	}
	if err := dir.WriteCluster(c); err != nil {
		return err
	}
	if err := config.WriteCredentials(dir, c); err != nil {
		return err
	}
	if c.Audit {
		if err := state.WriteFile(dir.AuditPolicy(), []byte(config.AuditPolicy)); err != nil {
			return err
		}
	}
	registry, err := config.ControlPlane{Data: dir.Path("data"), RegistrySocket: dir.RegistrySocket()}.RegistryConfig()
	if err != nil {
		return err
	}
	if err := state.WriteFile(dir.Path("data", config.RegistryFile), registry); err != nil {
		return err
	}
	machine, plan := config.ThisMachine(), network.PlanOf(c)
	for i, name := range c.Nodes {
		files, err := config.Node{
			Machine: machine, Plan: plan, Name: name, Index: i + 1, ProxyMode: c.ProxyMode, PauseImage: image.PauseRef,
			CgroupRoot: cgroup.Of(nil, c.Name).Child(name).Path,
		}.Files()
		if err != nil {
			return err
		}
		id := make([]byte, 16)
		rand.Read(id)
		files["/etc/machine-id"] = []byte(hex.EncodeToString(id) + "\n")
		for path, data := range files {
			if err := writePublic(dir.Node(name, path), data); err != nil {
				return err
			}
		}
	}
	return nil
}

// writePublic writes a file that containers with another user may be shown, such as resolv.conf.
func writePublic(path string, data []byte) error {
	if err := state.WriteFile(path, data); err != nil {
		return err
	}
	return os.Chmod(path, 0o644)
}
