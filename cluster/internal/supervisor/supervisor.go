package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/poll"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/relay"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Run supervises the cluster whose folder is dir, until the context ends. The API server is offered on api. Progress goes
// to out, as lines of JSON; the last of them says that the cluster is up, or why it failed to start within wait.
func Run(ctx context.Context, dir state.Dir, api net.Listener, out io.WriteCloser, wait time.Duration) error {
	events := newEvents(out)
	err := start(ctx, dir, api, events, wait)
	if err != nil {
		event := Event{Failed: err.Error(), Log: "supervisor"}
		var culprit *componentError
		if errors.As(err, &culprit) {
			event.Log = culprit.component
		}
		events.send(event)
		return err // our end is the end of every component
	}
	events.send(Event{Up: true})
	out.Close()
	<-ctx.Done()
	return ctx.Err()
}

// start returns when the cluster is ready.
func start(ctx context.Context, dir state.Dir, api net.Listener, events *events, wait time.Duration) error {
	cluster, err := dir.Cluster()
	if err != nil {
		return err
	}
	hierarchies, err := cgroup.Mounted()
	if err != nil {
		return err
	}
	self, err := state.ProcessOf(os.Getpid())
	if err != nil {
		return err
	}
	if err := dir.WriteSupervisor(self); err != nil {
		return err
	}
	group := cgroup.Of(hierarchies, cluster.Name)
	home := group.Child("supervisor")
	if err := errors.Join(home.Create(), home.Join()); err != nil {
		return err
	}
	topology, err := build(dir, cluster, group, home)
	if err != nil {
		return err
	}
	events.ready("namespaces", "a control plane and "+progress.Count(len(cluster.Nodes), "node"))
	go relay.Serve(api, func(ctx context.Context) (net.Conn, error) {
		return topology.controlPlane.Dial(ctx, topology.plan.APIServer())
	})

	starting, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("not ready within %s", wait))
	defer cancel()
	starting, giveUp := context.WithCancelCause(starting)
	s := &starter{
		dir: dir, cluster: cluster, group: group, topology: topology, events: events,
		keeper: &keeper{dir: dir, path: config.NodeBin + ":" + config.Path, home: home, giveUp: giveUp},
	}
	control := &Control{ctx: ctx, front: registry.NewFront(dir.RegistrySocket())}
	if err := topology.serveImages(control.front); err != nil {
		return err
	}
	for i, name := range cluster.Nodes {
		n := &host{
			Node: config.Node{Plan: topology.plan, Name: name, Index: i + 1, ProxyMode: cluster.ProxyMode},
			dir:  dir, topology: topology, keeper: s.keeper, group: group.Child(name), filters: map[string]string{}, life: ctx,
		}
		s.nodes, control.nodes = append(s.nodes, n), append(control.nodes, n)
	}
	if err := s.run(ctx, starting); err != nil {
		return err
	}
	s.keeper.ready()
	return control.serve(dir.ControlSocket())
}

// starter starts the components in order. Its contexts are two: one for the cluster's life, one for its start.
type starter struct {
	dir      state.Dir
	cluster  state.Cluster
	group    cgroup.Group
	topology *topology
	nodes    []*host
	keeper   *keeper
	events   *events
}

func (s *starter) run(ctx, starting context.Context) error {
	group := s.group.Child("control-plane")
	if err := group.Create(); err != nil {
		return err
	}
	plane := config.ControlPlane{Plan: s.topology.plan, Bin: s.cluster.Bin, PKI: s.dir.Path("pki"), Data: s.dir.Path("data"), RegistrySocket: s.dir.RegistrySocket()}
	if s.cluster.Audit {
		plane.AuditPolicy, plane.AuditLog = s.dir.AuditPolicy(), s.dir.Log("audit")
	}
	keep := func(name string, args []string) {
		s.keeper.run(ctx, component{name, args, s.topology.controlPlane, group})
	}
	if err := os.MkdirAll(s.dir.Path("log"), 0o755); err != nil {
		return err
	}
	keep("etcd", plane.Etcd())
	keep("kube-apiserver", plane.APIServer())

	work, starting := errgroup.WithContext(starting)
	registered := make(chan struct{})
	client, err := newClient(s.dir.Kubeconfig())
	if err != nil {
		return err
	}
	work.Go(func() error {
		if err := client.waitServing(starting); err != nil {
			return &componentError{"kube-apiserver", err}
		}
		s.events.ready("kube-apiserver", "ready")
		if err := client.register(starting, s.topology.plan, s.cluster.Zones); err != nil {
			return err
		}
		if s.cluster.PolicyMode != "" {
			if err := client.allowPolicyAgents(starting); err != nil {
				return err
			}
		}
		close(registered)
		keep("kube-controller-manager", plane.ControllerManager())
		keep("kube-scheduler", plane.Scheduler())
		if err := client.waitServiceAccount(starting); err != nil {
			return &componentError{"kube-controller-manager", err}
		}
		s.events.ready("default service account", "ready")
		return nil
	})
	filled := make(chan struct{})
	work.Go(func() error {
		// Later, for nothing waits for it: it has until the nodes are Ready.
		await(starting, registered)
		keep("registry", plane.Registry())
		if err := s.fillRegistry(starting); err != nil {
			return err
		}
		close(filled)
		return nil
	})
	work.Go(func() error {
		// Not before its image can be pulled: the kubelet would wait ten seconds before it tries again.
		await(starting, filled)
		return client.installDNS(starting, s.topology.plan)
	})
	for _, n := range s.nodes {
		work.Go(func() error { return s.node(starting, n, registered) })
		work.Go(func() error {
			await(starting, registered)
			if err := client.waitReady(starting, n.Name); err != nil {
				return &componentError{n.Name + "/kubelet", err}
			}
			s.events.ready(n.Name, "Ready")
			return nil
		})
	}
	return explain(starting, work.Wait())
}

// fillRegistry waits for the image registry, and pushes the cluster's images.
func (s *starter) fillRegistry(starting context.Context) error {
	if err := poll.Socket(starting, s.dir.RegistrySocket()); err != nil {
		return &componentError{"registry", err}
	}
	for _, archive := range s.cluster.Registry {
		if err := registry.PushAll(starting, s.dir.RegistrySocket(), archive, image.Architectures); err != nil {
			return &componentError{"registry", err}
		}
	}
	s.events.ready("registry", "filled")
	return nil
}

// node starts a node, which has its images from the start.
func (s *starter) node(starting context.Context, n *host, registered <-chan struct{}) error {
	if err := image.Copy(starting, s.cluster.Store, s.dir.Node(n.Name, config.ContainerdData)); err != nil {
		return fmt.Errorf("images of %s: %w", n.Name, err)
	}
	if err := n.boot(starting); err != nil {
		return err
	}
	await(starting, registered)
	if starting.Err() == nil {
		n.join()
	}
	return nil
}

// explain prefers the reason why a start was given up to the error that followed from it.
func explain(ctx context.Context, err error) error {
	var culprit *componentError
	if cause := context.Cause(ctx); err != nil && errors.As(cause, &culprit) {
		return cause
	}
	return err
}

// await waits until the event happens, or the context ends.
func await(ctx context.Context, event <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-event:
	}
}
