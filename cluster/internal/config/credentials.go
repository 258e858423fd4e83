package config

import (
	"errors"
	"path/filepath"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/kubeconfig"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/pki"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// KubeletClient is the user that the API server is to kubelets.
const KubeletClient = "kbe:kube-apiserver"

// PolicyAgent is the user that enforces NetworkPolicies on a node.
const PolicyAgent = "kbe:kube-network-policies"

// frontProxyClient is what the API server calls itself when it passes a request on to an aggregated API.
const frontProxyClient = "front-proxy-client"

// WriteCredentials makes all certificates and kubeconfigs of a cluster, below its folder.
func WriteCredentials(dir state.Dir, c state.Cluster) error {
	ca, err := pki.NewAuthority("kbe-cluster-" + c.Name)
	if err != nil {
		return err
	}
	w := &writer{ca: ca}
	in := dir.Path("pki")
	w.pair(in, "ca", ca.Pair, nil)
	plan := network.PlanOf(c)
	w.server(in, "apiserver", "kube-apiserver", slices.Concat([]string{"127.0.0.1", "localhost", "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}, plan.ControlPlane(), plan.KubernetesService())...)
	w.server(in, "registry", "registry", append(plan.ControlPlane(), "control-plane")...) // as /etc/hosts of the nodes calls it
	w.client(in, "kubelet-client", KubeletClient)
	// An authority of its own: whoever holds a certificate of it may claim to be any user.
	front, err := pki.NewAuthority("kbe-cluster-" + c.Name + "-front-proxy")
	if err != nil {
		return err
	}
	w.pair(in, "front-proxy-ca", front.Pair, nil)
	frontClient, err := front.Client(frontProxyClient)
	w.pair(in, "front-proxy-client", frontClient, err)
	public, private, err := pki.SigningKey()
	w.pair(in, "sa", pki.Pair{Key: private}, err)
	w.file(filepath.Join(in, "sa.pub"), public)
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		w.kubeconfig(filepath.Join(in, name+".kubeconfig"), name, apiServerLocal, "system:"+name)
	}
	// The well-known super-user group: the cluster is its owner's alone.
	w.kubeconfig(dir.Kubeconfig(), kubeconfig.Context(c.Name), c.Server, "kbe-cluster-admin", "system:masters")
	apiServer := "https://" + plan.APIServer()
	for i, node := range c.Nodes {
		in := dir.Node(node, "etc", "kubernetes")
		w.file(filepath.Join(in, "ca.crt"), ca.Cert)
		w.server(in, "kubelet", "system:node:"+node, append(plan.Node(i+1), node)...)
		w.kubeconfig(filepath.Join(in, "kubelet.kubeconfig"), "kubelet", apiServer, "system:node:"+node, "system:nodes")
		w.kubeconfig(filepath.Join(in, "kube-proxy.kubeconfig"), "kube-proxy", apiServer, "system:kube-proxy")
		w.kubeconfig(filepath.Join(in, "kube-network-policies.kubeconfig"), "kube-network-policies", apiServer, PolicyAgent)
	}
	return errors.Join(w.errs...)
}

// writer collects errors, so that the list above reads as one.
type writer struct {
	ca   *pki.Authority
	errs []error
}

func (w *writer) server(in, file, name string, hosts ...string) {
	pair, err := w.ca.Server(name, hosts...)
	w.pair(in, file, pair, err)
}

func (w *writer) client(in, file, name string, groups ...string) {
	pair, err := w.ca.Client(name, groups...)
	w.pair(in, file, pair, err)
}

func (w *writer) kubeconfig(path, context, server, user string, groups ...string) {
	pair, err := w.ca.Client(user, groups...)
	if err != nil {
		w.errs = append(w.errs, err)
		return
	}
	data, err := kubeconfig.Make(context, server, w.ca.Cert, pair)
	w.errs = append(w.errs, err)
	w.file(path, data)
}

func (w *writer) pair(in, file string, pair pki.Pair, err error) {
	w.errs = append(w.errs, err)
	if pair.Cert != nil {
		w.file(filepath.Join(in, file+".crt"), pair.Cert)
	}
	w.file(filepath.Join(in, file+".key"), pair.Key)
}

func (w *writer) file(path string, data []byte) {
	w.errs = append(w.errs, state.WriteFile(path, data))
}
