package supervisor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/poll"
)

// client talks to the API server as its administrator, over the same way in as the user.
type client struct {
	kubernetes.Interface
	dynamic dynamic.Interface
}

func newClient(kubeconfig string) (*client, error) {
	rest, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	rest.UserAgent, rest.QPS, rest.Burst = "kbe-cluster", 50, 100
	set, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, err
	}
	untyped, err := dynamic.NewForConfig(rest)
	return &client{set, untyped}, err
}

// waitServing waits until the API server says that it is ready.
func (c *client) waitServing(ctx context.Context) error {
	return poll.Until(ctx, func() error {
		return c.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// register creates the nodes, with their pod ranges and in zones, and lets the API server use kubelets.
func (c *client) register(ctx context.Context, plan network.Plan, zones []string) error {
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: config.KubeletClient},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:kubelet-api-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: config.KubeletClient}},
	}
	if _, err := c.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("allow the API server to use kubelets: %w", err)
	}
	for i, name := range plan.Nodes {
		labels := map[string]string{corev1.LabelHostname: name}
		if len(zones) > 0 {
			labels[corev1.LabelTopologyZone] = zones[i%len(zones)]
		}
		if err := c.registerNode(ctx, plan, i+1, name, labels); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return nil
}

func (c *client) registerNode(ctx context.Context, plan network.Plan, i int, name string, labels map[string]string) error {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{PodCIDR: plan.PodRange(i)[0], PodCIDRs: plan.PodRange(i)},
	}
	node, err := c.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	// kube-proxy waits for an address, and need not wait for the kubelet to report it.
	for _, address := range plan.Node(i) {
		node.Status.Addresses = append(node.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address})
	}
	node.Status.Addresses = append(node.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeHostName, Address: name})
	_, err = c.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}

// installDNS creates what resolves names for pods, which then takes a moment to start.
func (c *client) installDNS(ctx context.Context, plan network.Plan) error {
	if ctx.Err() != nil {
		return nil // someone else says why
	}
	manifests, err := config.DNS(plan, image.DNSRef)
	if err == nil {
		err = c.createAll(ctx, manifests)
	}
	if err != nil {
		return fmt.Errorf("install DNS: %w", err)
	}
	return nil
}

// allowPolicyAgents lets what enforces NetworkPolicies read them.
func (c *client) allowPolicyAgents(ctx context.Context) error {
	manifests, err := config.Policy()
	if err == nil {
		err = c.createAll(ctx, manifests)
	}
	if err != nil {
		return fmt.Errorf("allow NetworkPolicies to be enforced: %w", err)
	}
	return nil
}

// createAll creates the objects of a file of manifests.
func (c *client) createAll(ctx context.Context, manifests []byte) error {
	for reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests))); ; {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = c.create(ctx, text)
		}
		if err != nil {
			return err
		}
	}
}

// create creates the object that a manifest describes.
func (c *client) create(ctx context.Context, manifest []byte) error {
	var object unstructured.Unstructured
	if err := yaml.Unmarshal(manifest, &object.Object); err != nil {
		return err
	}
	resource, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
	_, err := c.dynamic.Resource(resource).Namespace(object.GetNamespace()).Create(ctx, &object, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// waitReady waits until the node is Ready and pods may go there.
func (c *client) waitReady(ctx context.Context, name string) error {
	return poll.Until(ctx, func() error {
		node, err := c.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return notReady(node)
	})
}

// WaitBooted waits until a node that was booted at begin is Ready, and its kubelet said so since.
func WaitBooted(ctx context.Context, kubeconfig, name string, begin time.Time) error {
	c, err := newClient(kubeconfig)
	if err != nil {
		return err
	}
	return poll.Until(ctx, func() error {
		node, err := c.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range node.Status.Conditions {
			// The API keeps whole seconds.
			if condition.Type == corev1.NodeReady && condition.LastHeartbeatTime.Time.Before(begin.Truncate(time.Second)) {
				return fmt.Errorf("node %s: its kubelet did not report yet", name)
			}
		}
		return notReady(node)
	})
}

// notReady returns why pods cannot be scheduled to the node.
func notReady(node *corev1.Node) error {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			if len(node.Spec.Taints) > 0 {
				return fmt.Errorf("node %s still has the taint %s", node.Name, node.Spec.Taints[0].Key)
			}
			return nil
		}
		if c.Type == corev1.NodeReady {
			return fmt.Errorf("node %s is not Ready: %s: %s", node.Name, c.Reason, c.Message)
		}
	}
	return fmt.Errorf("node %s has no condition Ready: its kubelet did not report yet", node.Name)
}

// waitServiceAccount waits for what a namespace needs before it can have pods.
func (c *client) waitServiceAccount(ctx context.Context) error {
	return poll.Until(ctx, func() error {
		_, err := c.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// NodeStatus is what the API server says about a node.
type NodeStatus struct {
	// Name of the node.
	Name string `json:"name"`
	// Addresses are its own, not those of its pods.
	Addresses []string `json:"addresses"`
	// Zone that it is in, if any.
	Zone string `json:"zone,omitempty"`
	// Ready reports that pods can be scheduled to it.
	Ready bool `json:"ready"`
	// Why it is not.
	Why string `json:"why,omitempty"`
}

// Nodes reads the state of the nodes from the API server.
func Nodes(ctx context.Context, kubeconfig string) ([]NodeStatus, error) {
	c, err := newClient(kubeconfig)
	if err != nil {
		return nil, err
	}
	list, err := c.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var nodes []NodeStatus
	for i := range list.Items {
		n := NodeStatus{Name: list.Items[i].Name, Zone: list.Items[i].Labels[corev1.LabelTopologyZone], Ready: true}
		for _, a := range list.Items[i].Status.Addresses {
			if a.Type == corev1.NodeInternalIP {
				n.Addresses = append(n.Addresses, a.Address)
			}
		}
		if err := notReady(&list.Items[i]); err != nil {
			n.Ready, n.Why = false, err.Error()
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}
