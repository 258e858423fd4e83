package state

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Cluster is what a cluster was started with. It is written once, before anything else.
type Cluster struct {
	// Name is the name of the cluster.
	Name string `json:"name"`
	// Nodes are the names of the nodes, in order.
	Nodes []string `json:"nodes"`
	// IPFamily is ipv4, ipv6 or dual.
	IPFamily string `json:"ipFamily"`
	// Zones are assigned to the nodes round-robin; there may be none.
	Zones []string `json:"zones,omitempty"`
	// Server is the URL of the API outside the namespaces.
	Server string `json:"server"`
	// Bin is the folder of the built parts.
	Bin string `json:"bin"`
	// Version is the version of Kubernetes.
	Version string `json:"version"`
	// Store is the folder with the images that every node has from the start.
	Store string `json:"store"`
	// Registry are the archives that the registry gets.
	Registry []string `json:"registry"`
	// ProxyMode is the mode of kube-proxy: nftables or iptables.
	ProxyMode string `json:"proxyMode"`
	// PolicyMode is how packets get to what enforces NetworkPolicies, nftables or iptables; empty where nothing does.
	PolicyMode string `json:"policyMode,omitempty"`
	// Audit reports that the API server writes an audit log.
	Audit bool `json:"audit,omitempty"`
	// Kubeconfig is what was changed in the user's kubeconfig.
	Kubeconfig Kubeconfig `json:"kubeconfig"`
}

// CheckNode returns an error when the cluster has no node of that name.
func (c Cluster) CheckNode(name string) error {
	if slices.Contains(c.Nodes, name) {
		return nil
	}
	return fmt.Errorf("node %q: not found in cluster %s; expected one of %s", name, c.Name, strings.Join(c.Nodes, ", "))
}

// Kubeconfig remembers how to take the cluster's context out of the user's kubeconfig again.
type Kubeconfig struct {
	// Path is the file that the context is added to.
	Path string `json:"path"`
	// Created reports that the file was not there before, or held other clusters of kbe-cluster only.
	Created bool `json:"created,omitempty"`
	// MadeFolder reports that the folder of the file was not there before.
	MadeFolder bool `json:"madeFolder,omitempty"`
	// Previous is the context that was current before.
	Previous string `json:"previous,omitempty"`
}

// Process names a process so that a later one with the same number is not mistaken for it.
type Process struct {
	// PID is the process number.
	PID int `json:"pid"`
	// Start is the start time in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)).
	Start uint64 `json:"start"`
}

// Component is the state of one process that the supervisor keeps running.
type Component struct {
	// Name is "etcd" or "node-1/kubelet".
	Name string `json:"name"`
	// PID is 0 while the process is not running.
	PID int `json:"pid"`
	// Since is when the process was started, or when it ended.
	Since time.Time `json:"since"`
	// Restarts counts the starts after the first.
	Restarts int `json:"restarts"`
	// LastExit reports how the previous process ended, empty before that.
	LastExit string `json:"lastExit,omitempty"`
}

// Status is what the supervisor last wrote about its components.
type Status struct {
	// Ready is when every node was Ready for the first time, zero before that.
	Ready time.Time `json:"ready"`
	// Components are in the order in which they were started.
	Components []Component `json:"components"`
}

// WriteCluster stores c.
func (d Dir) WriteCluster(c Cluster) error { return d.write("cluster.json", c) }

// Cluster reads what WriteCluster stored.
func (d Dir) Cluster() (c Cluster, err error) { return c, d.read("cluster.json", &c) }

// WriteSupervisor stores which process supervises the cluster.
func (d Dir) WriteSupervisor(p Process) error { return d.write("supervisor.json", p) }

// Supervisor reads what WriteSupervisor stored.
func (d Dir) Supervisor() (p Process, err error) { return p, d.read("supervisor.json", &p) }

// WriteStatus stores s.
func (d Dir) WriteStatus(s Status) error { return d.write("status.json", s) }

// Status reads what WriteStatus stored.
func (d Dir) Status() (s Status, err error) { return s, d.read("status.json", &s) }

// write replaces a file in one step: a reader sees the old content or the new one.
func (d Dir) write(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return WriteFile(d.Path(name), append(data, '\n'))
}

func (d Dir) read(name string, v any) error {
	data, err := os.ReadFile(d.Path(name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: expected JSON as kbe-cluster writes it: %w; run `kbe-cluster down --name %s`", d.Path(name), err, d.Name())
	}
	return nil
}

// WriteFile replaces path in one step with a file that only its owner can read, and makes the folder that it lies in.
func WriteFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
