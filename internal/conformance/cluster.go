package conformance

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// describe records what the cluster is, as far as permissions allow.
func (r *Runner) describe(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(r.config)
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsForbidden(err) {
		return fmt.Errorf("list the nodes: %w", err)
	}
	if err == nil {
		for i := range nodes.Items {
			r.addNode(&nodes.Items[i])
		}
	}
	sets, err := client.AppsV1().DaemonSets(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsForbidden(err) {
		return fmt.Errorf("list the DaemonSets: %w", err)
	}
	if err == nil {
		r.report.Cluster.CNI = pluginOf(sets.Items)
	}
	return nil
}

func (r *Runner) addNode(n *corev1.Node) {
	c := &r.report.Cluster
	info := n.Status.NodeInfo
	node := v1alpha1.ConformanceNode{
		Name: n.Name, Ready: string(corev1.ConditionUnknown), Kubelet: info.KubeletVersion, ContainerRuntime: info.ContainerRuntimeVersion,
		OSImage: info.OSImage, Kernel: info.KernelVersion, Architecture: info.Architecture,
	}
	for _, condition := range n.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			node.Ready = string(condition.Status)
		}
	}
	c.Nodes = append(c.Nodes, node)
	for _, a := range n.Status.Addresses {
		ip, err := netip.ParseAddr(a.Address)
		if err != nil || a.Type != corev1.NodeInternalIP {
			continue
		}
		family := reach.FamilyOf(ip).String()
		if !slices.Contains(c.IPFamilies, family) {
			c.IPFamilies = append(c.IPFamilies, family)
			slices.Sort(c.IPFamilies)
		}
	}
}

// plugins are the DaemonSets that network plugins are known by, as their own
// manifests name them. One that brings another along comes before it.
var plugins = []struct{ set, plugin string }{
	{"canal", "canal"}, {"calico-node", "calico"}, {"cilium", "cilium"}, {"kube-flannel-ds", "flannel"}, {"kube-flannel", "flannel"},
	{"kindnet", "kindnet"}, {"antrea-agent", "antrea"}, {"ovnkube-node", "ovn-kubernetes"}, {"kube-ovn-cni", "kube-ovn"},
	{"kube-router", "kube-router"}, {"weave-net", "weave-net"}, {"aws-node", "amazon-vpc-cni"}, {"azure-cns", "azure-cni"},
	{"anetd", "gke-dataplane-v2"}, {"netd", "gke-netd"},
}

// pluginOf names the network plugin, with the tag of its image, or is "".
func pluginOf(sets []appsv1.DaemonSet) string {
	for _, known := range plugins {
		for _, set := range sets {
			if set.Name != known.set || len(set.Spec.Template.Spec.Containers) == 0 {
				continue
			}
			image, _, _ := strings.Cut(set.Spec.Template.Spec.Containers[0].Image, "@")
			if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
				return known.plugin + " " + image[i+1:]
			}
			return known.plugin
		}
	}
	return ""
}
