package config

import (
	"bytes"
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
)

// ControlPlane is the configuration of the components that a cluster has one of.
type ControlPlane struct {
	// Plan is the addresses of the cluster.
	Plan network.Plan
	// Bin is the folder of the parts.
	Bin string
	// RegistrySocket is where the image registry listens.
	RegistrySocket string
	// PKI is the folder of the certificates and kubeconfigs.
	PKI string
	// Data is the folder that these components write to.
	Data string
	// AuditPolicy says which requests AuditLog records; without it there is no audit log.
	AuditPolicy, AuditLog string
}

// AuditPolicy records every request once, without its body.
const AuditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// In their own network namespace, only these components reach loopback.
const (
	etcdClient = "http://127.0.0.1:2379"
	etcdPeer   = "http://127.0.0.1:2380"
)

// apiServerLocal is the API server's URL for the other components of the control plane.
var apiServerLocal = fmt.Sprintf("https://127.0.0.1:%d", network.APIPort)

// Etcd returns the command line of etcd.
func (c ControlPlane) Etcd() []string {
	return []string{c.Bin + "/etcd", "--name=kbe", "--data-dir=" + c.Data + "/etcd", "--log-level=warn",
		"--listen-client-urls=" + etcdClient, "--advertise-client-urls=" + etcdClient,
		"--listen-peer-urls=" + etcdPeer, "--initial-advertise-peer-urls=" + etcdPeer, "--initial-cluster=kbe=" + etcdPeer,
		"--unsafe-no-fsync", // the cluster is thrown away, not recovered
		// The only member need not wait long for the others before it leads.
		"--heartbeat-interval=10", "--election-timeout=100",
	}
}

// APIServer returns the command line of kube-apiserver.
func (c ControlPlane) APIServer() []string {
	args := []string{c.Bin + "/kube-apiserver", "--etcd-servers=" + etcdClient,
		"--advertise-address=" + c.Plan.ControlPlane()[0], "--bind-address=" + c.Plan.Any(), fmt.Sprintf("--secure-port=%d", network.APIPort),
		"--service-cluster-ip-range=" + network.Comma(c.Plan.Services()),
		"--client-ca-file=" + c.PKI + "/ca.crt", "--anonymous-auth=false",
		"--tls-cert-file=" + c.PKI + "/apiserver.crt", "--tls-private-key-file=" + c.PKI + "/apiserver.key",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--kubelet-certificate-authority=" + c.PKI + "/ca.crt",
		"--kubelet-client-certificate=" + c.PKI + "/kubelet-client.crt", "--kubelet-client-key=" + c.PKI + "/kubelet-client.key",
		"--kubelet-preferred-address-types=InternalIP", // no DNS knows the nodes' names
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + c.PKI + "/sa.pub", "--service-account-signing-key-file=" + c.PKI + "/sa.key",
		"--requestheader-client-ca-file=" + c.PKI + "/front-proxy-ca.crt", "--requestheader-allowed-names=" + frontProxyClient,
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + c.PKI + "/front-proxy-client.crt", "--proxy-client-key-file=" + c.PKI + "/front-proxy-client.key",
		"--enable-aggregator-routing=true", // no kube-proxy runs here: call pods by their own address
	}
	if c.AuditLog != "" {
		args = append(args, "--audit-policy-file="+c.AuditPolicy, "--audit-log-path="+c.AuditLog)
	}
	return args
}

// ControllerManager returns the command line of kube-controller-manager.
func (c ControlPlane) ControllerManager() []string {
	return append(c.client("kube-controller-manager"),
		"--allocate-node-cidrs=false", "--cluster-cidr="+network.Comma(c.Plan.Pods()), "--service-cluster-ip-range="+network.Comma(c.Plan.Services()),
		"--cluster-signing-cert-file="+c.PKI+"/ca.crt", "--cluster-signing-key-file="+c.PKI+"/ca.key",
		"--root-ca-file="+c.PKI+"/ca.crt", "--service-account-private-key-file="+c.PKI+"/sa.key",
		"--use-service-account-credentials=true",
		"--flex-volume-plugin-dir="+c.Data+"/flexvolume", // it makes this folder, by default in the machine's /usr
		"--kube-api-qps=200", "--kube-api-burst=400")     // the defaults slow its start down by seconds
}

// RegistryFile is the name of the image registry's configuration in Data.
const RegistryFile = "registry.yaml"

// RegistryConfig returns the contents of RegistryFile.
func (c ControlPlane) RegistryConfig() ([]byte, error) {
	var out bytes.Buffer
	err := parsed.ExecuteTemplate(&out, "registry.yaml", map[string]string{"Folder": c.Data + "/registry", "Socket": c.RegistrySocket})
	return out.Bytes(), err
}

// Policy returns the manifests of the permissions of what enforces NetworkPolicies.
func Policy() ([]byte, error) {
	var out bytes.Buffer
	err := parsed.ExecuteTemplate(&out, "policy.yaml", map[string]string{"User": PolicyAgent})
	return out.Bytes(), err
}

// DNS returns the manifests of the service that resolves names for pods.
func DNS(plan network.Plan, image string) ([]byte, error) {
	var out bytes.Buffer
	err := parsed.ExecuteTemplate(&out, "dns.yaml", map[string]any{"DNS": plan.DNS(), "Image": image})
	return out.Bytes(), err
}

// Registry returns the command line of the image registry.
func (c ControlPlane) Registry() []string {
	return []string{c.Bin + "/registry", "serve", c.Data + "/" + RegistryFile}
}

// Scheduler returns the command line of kube-scheduler.
func (c ControlPlane) Scheduler() []string { return c.client("kube-scheduler") }

func (c ControlPlane) client(name string) []string {
	kubeconfig := c.PKI + "/" + name + ".kubeconfig"
	return []string{c.Bin + "/" + name, "--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--client-ca-file=" + c.PKI + "/ca.crt",
		"--tls-cert-file=" + c.PKI + "/apiserver.crt", "--tls-private-key-file=" + c.PKI + "/apiserver.key",
		"--leader-elect=false"} // there is only one
}
