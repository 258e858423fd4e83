package supervisor

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/node"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// topology is where components run.
type topology struct {
	dir          state.Dir
	cluster      state.Cluster
	plan         network.Plan
	controlPlane *sandbox.Sandbox
	nodes        []*sandbox.Sandbox
	group, home  cgroup.Group // of the cluster, and of this process
}

func build(dir state.Dir, cluster state.Cluster, group, home cgroup.Group) (*topology, error) {
	plane, err := sandbox.New(false)
	if err != nil {
		return nil, err
	}
	t := &topology{dir: dir, cluster: cluster, plan: network.PlanOf(cluster), controlPlane: plane, nodes: make([]*sandbox.Sandbox, len(cluster.Nodes)), group: group, home: home}
	for _, set := range []func() error{t.plan.SetUpKernel, t.plan.SetUpControlPlane} {
		if err := plane.Do(set); err != nil {
			return nil, err
		}
	}
	for i := range cluster.Nodes {
		if err := t.place(i); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// place makes the network namespace of the i-th node, counted from 0, and joins it to the others.
func (t *topology) place(i int) error {
	box, err := sandbox.New(true)
	if err != nil {
		return err
	}
	t.nodes[i] = box
	if err := box.Do(t.plan.SetUpKernel); err != nil {
		return err
	}
	if err := t.controlPlane.Do(func() error { return network.Connect(i+1, box.Net()) }); err != nil {
		return err
	}
	return box.Do(func() error {
		if err := t.plan.SetUpNode(i + 1); err != nil || t.cluster.PolicyMode != "iptables" {
			return err
		}
		return network.SetPolicyRules(context.Background(), t.cluster.IPFamily) // takes milliseconds
	})
}

// furnish starts the first process of the i-th node, which makes the node's file system.
func (t *topology) furnish(i int) error {
	name := t.cluster.Nodes[i]
	group := systemOf(t.group.Child(name))
	if err := group.Create(); err != nil {
		return err
	}
	root := node.Root{Name: name, State: t.dir.Node(name), Bin: t.cluster.Bin}
	return t.nodes[i].Init(root.Command(), group, t.home)
}

// serveImages has the front of the image registry listen on the control plane.
func (t *topology) serveImages(front *registry.Front) error {
	certificate, err := tls.LoadX509KeyPair(t.dir.Path("pki", "registry.crt"), t.dir.Path("pki", "registry.key"))
	if err != nil {
		return fmt.Errorf("certificate of the registry: %w", err)
	}
	return t.controlPlane.Do(func() error {
		listener, err := net.Listen("tcp", net.JoinHostPort(t.plan.Any(), strconv.Itoa(registry.Port)))
		if err != nil {
			return fmt.Errorf("port of the registry: %w", err)
		}
		server := &http.Server{Handler: front, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		go func() {
			_ = server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})) // ends with this process
		}()
		return nil
	})
}

// systemOf is the group of what runs on a node besides pods.
func systemOf(node cgroup.Group) cgroup.Group { return node.Child("system") }

// replace makes new namespaces for the i-th node, counted from 0, none of whose processes is left. The kernel removes the
// old ones, with what was mounted in them.
func (t *topology) replace(i int) error {
	if err := t.controlPlane.Do(func() error { return network.Disconnect(i + 1) }); err != nil {
		return err
	}
	t.nodes[i].Close()
	return t.place(i)
}
