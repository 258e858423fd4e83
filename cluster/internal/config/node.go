package config

import (
	"bytes"
	"embed"
	"fmt"
	"text/template"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
)

//go:embed templates
var templates embed.FS

var parsed = template.Must(template.ParseFS(templates, "templates/*"))

// Paths inside every node.
const (
	// containerdSocket is where containerd listens.
	containerdSocket = "/run/containerd/containerd.sock"
	// ContainerdData is where containerd keeps images.
	ContainerdData = "/var/lib/containerd"
	// NodeBin holds the parts.
	NodeBin = "/opt/kbe/bin"
)

// Node is one node's part of the configuration.
type Node struct {
	Machine
	// Plan is the addresses of the cluster.
	Plan network.Plan
	// Name is the name of the node.
	Name string
	// Index counts nodes from 1.
	Index int
	// CgroupRoot is the control group that the kubelet makes those of pods under.
	CgroupRoot string
	// ProxyMode is nftables or iptables.
	ProxyMode string
	// PauseImage keeps a pod's namespaces.
	PauseImage string
}

// NetworkPluginFile says how pods get their network. containerd reads it again when it changes.
const NetworkPluginFile = "/etc/cni/net.d/10-kbe.conflist"

// Files returns the contents of the node's configuration files by their path in the node.
func (n Node) Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for path, name := range map[string]string{
		"/etc/containerd/config.toml":     "containerd.toml",
		NetworkPluginFile:                 "cni.json",
		"/etc/kubernetes/kubelet.yaml":    "kubelet.yaml",
		"/etc/kubernetes/kube-proxy.yaml": "kube-proxy.yaml",
		"/etc/hosts":                      "hosts",
		"/etc/resolv.conf":                "resolv.conf",
		"/etc/hostname":                   "hostname",
	} {
		data, err := n.render(name)
		if err != nil {
			return nil, err
		}
		files[path] = data
	}
	for _, mirrored := range registry.Mirrored {
		var out bytes.Buffer
		if err := parsed.ExecuteTemplate(&out, "hosts.toml", map[string]any{"Registry": mirrored, "Port": registry.Port}); err != nil {
			return nil, err
		}
		files["/etc/containerd/certs.d/"+mirrored+"/hosts.toml"] = out.Bytes()
	}
	return files, nil
}

// NetworkPlugin returns the contents of NetworkPluginFile. Of the node it needs the plan, the index and the mode of kube-proxy.
func (n Node) NetworkPlugin() ([]byte, error) { return n.render("cni.json") }

func (n Node) render(template string) ([]byte, error) {
	var out bytes.Buffer
	err := parsed.ExecuteTemplate(&out, template, n.values())
	return out.Bytes(), err
}

func (n Node) values() map[string]any {
	return map[string]any{
		"Name": n.Name, "Addresses": n.Plan.Node(n.Index), "ControlPlane": n.Plan.ControlPlane(),
		"PodRanges": n.Plan.PodRange(n.Index), "DefaultRoutes": n.Plan.DefaultRoutes(), "Pods": network.Comma(n.Plan.Pods()), "DNS": n.Plan.DNS(),
		"CgroupRoot": n.CgroupRoot, "ProxyMode": n.ProxyMode, "PauseImage": n.PauseImage,
		"OOMScore": n.oomScore(), "Socket": containerdSocket,
	}
}

// Containerd returns the command line of containerd.
func (n Node) Containerd() []string {
	return []string{NodeBin + "/containerd", "--config=/etc/containerd/config.toml", "--log-level=warn"}
}

// Kubelet returns the command line of the kubelet.
func (n Node) Kubelet() []string {
	return []string{NodeBin + "/kubelet", "--config=/etc/kubernetes/kubelet.yaml", "--kubeconfig=/etc/kubernetes/kubelet.kubeconfig",
		"--hostname-override=" + n.Name, "--node-ip=" + network.Comma(n.Plan.Node(n.Index))}
}

// KubeProxy returns the command line of kube-proxy.
func (n Node) KubeProxy() []string {
	return []string{NodeBin + "/kube-proxy", "--config=/etc/kubernetes/kube-proxy.yaml"}
}

// PolicyAgent returns the command line of what enforces NetworkPolicies.
func (n Node) PolicyAgent() []string {
	return []string{NodeBin + "/kube-network-policies", "--kubeconfig=/etc/kubernetes/kube-network-policies.kubeconfig",
		"--hostname-override=" + n.Name, fmt.Sprintf("--nfqueue-id=%d", network.PolicyQueue)}
}
