package launch

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/kubeconfig"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/parts"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/preflight"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/teardown"
)

// Options are what the user can choose.
type Options struct {
	// Kubernetes is one of parts.Versions.
	Kubernetes string
	// Nodes is the number of nodes.
	Nodes int
	// IPFamily is one of network.IPFamilies.
	IPFamily string
	// Zones are assigned to the nodes round-robin; there may be none.
	Zones []string
	// Port of the API on 127.0.0.1, 0 for a free one.
	Port int
	// Cold starts nodes that have no image but that of pods' sandboxes.
	Cold bool
	// NetworkPolicy has NetworkPolicies enforced.
	NetworkPolicy bool
	// Audit lets the API server write an audit log.
	Audit bool
	// Kubeconfig is the file that the context is added to.
	Kubeconfig string
	// Wait is how long the nodes may take to become Ready.
	Wait time.Duration
}

// Up starts the cluster, or says that it is up already. After an error nothing of it is left.
func Up(ctx context.Context, dir state.Dir, o Options, p *progress.Printer) error {
	if isUp, err := alreadyUp(dir, p); isUp || err != nil {
		return err
	}
	machine, err := preflight.Check(ctx, preflight.Request{Kubernetes: o.Kubernetes, Nodes: o.Nodes, Port: o.Port, IPv6: o.IPFamily != "ipv4", NetworkPolicy: o.NetworkPolicy})
	if err != nil {
		return err
	}
	built, err := Build(ctx, o.Kubernetes, p)
	if err != nil {
		return err
	}
	store, err := image.BuildStore(ctx, built.cache, built.Bin, o.Cold, p.Live)
	if err != nil {
		return err
	}
	unlock, err := dir.Lock(ctx, func() { p.Line("waiting for another kbe-cluster that works on cluster %s", dir.Name()) })
	if err != nil {
		return err
	}
	defer unlock()
	if isUp, err := alreadyUp(dir, p); isUp || err != nil { // while we waited
		return err
	}
	if err := removeRemains(ctx, dir, p); err != nil {
		return err
	}
	begin := time.Now()
	p.Line("starting cluster %s: %s, Kubernetes %s", dir.Name(), progress.Count(o.Nodes, "node"), o.Kubernetes)
	cluster, err := launch(ctx, dir, o, machine, built, store, p)
	if err != nil {
		return undo(ctx, dir, err)
	}
	p.Line("cluster %s is up after %.1fs; kubectl's context is %s in %s", dir.Name(), time.Since(begin).Seconds(),
		kubeconfig.Context(dir.Name()), cluster.Kubeconfig.Path)
	return nil
}

// Built is what a cluster is made from.
type Built struct {
	// Bin is the folder of the parts.
	Bin string
	// Images are archives of those that the registry has.
	Images []string
	cache  string
}

// Build builds the parts of one of parts.Versions, and the images, that are not cached yet.
func Build(ctx context.Context, kubernetes string, p *progress.Printer) (b Built, err error) {
	if b.Bin, err = parts.Ensure(ctx, kubernetes, p); err != nil {
		return b, err
	}
	if b.cache, err = parts.CacheDir(); err != nil {
		return b, err
	}
	all, err := image.Build(ctx, b.cache, p.Live)
	if err != nil {
		return b, err
	}
	// One node needs that of DNS: it pulls it.
	dns, err := image.BuildDNS(ctx, b.cache, b.Bin, p.Live)
	b.Images = []string{dns, all}
	return b, err
}

func launch(ctx context.Context, dir state.Dir, o Options, machine preflight.Result, built Built, store string, p *progress.Printer) (state.Cluster, error) {
	api, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
	if err != nil {
		return state.Cluster{}, fmt.Errorf("port of the API: %w; choose another --port", err)
	}
	defer api.Close() // the supervisor has its own copy
	plan, err := kubeconfig.Plan(o.Kubeconfig)
	if err != nil {
		return state.Cluster{}, err
	}
	cluster := state.Cluster{
		Name: dir.Name(), Nodes: nodeNames(o.Nodes), IPFamily: o.IPFamily, Zones: o.Zones, Server: "https://" + api.Addr().String(),
		Bin: built.Bin, Version: o.Kubernetes, Store: store, Registry: built.Images, ProxyMode: machine.ProxyMode, PolicyMode: machine.PolicyMode, Audit: o.Audit, Kubeconfig: plan,
	}
	if err := writeFiles(dir, cluster); err != nil {
		return cluster, fmt.Errorf("write the cluster's files: %w", err)
	}
	if err := follow(ctx, dir, api.(*net.TCPListener), o.Wait, p); err != nil {
		return cluster, err
	}
	return cluster, kubeconfig.Add(plan, dir.Kubeconfig())
}

func nodeNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("node-%d", i+1)
	}
	return names
}

// alreadyUp reports whether the cluster is ready and supervised.
func alreadyUp(dir state.Dir, p *progress.Printer) (bool, error) {
	cluster, err := dir.Cluster()
	if err != nil {
		return false, ignoreMissing(err)
	}
	process, err := dir.Supervisor()
	if err != nil {
		return false, ignoreMissing(err)
	}
	status, err := dir.Status()
	if err != nil || !process.Alive() || status.Ready.IsZero() {
		return false, ignoreMissing(err)
	}
	p.Line("cluster %s is already up: %s, Kubernetes %s, %s", cluster.Name, progress.Count(len(cluster.Nodes), "node"), cluster.Version, cluster.Server)
	return true, nil
}

func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func removeRemains(ctx context.Context, dir state.Dir, p *progress.Printer) error {
	found, err := teardown.Found(dir)
	if err != nil || !found {
		return err
	}
	p.Line("removing the remains of an earlier cluster %s", dir.Name())
	return teardown.Remove(ctx, dir)
}

// undo removes what was started, also after an interrupt.
func undo(ctx context.Context, dir state.Dir, cause error) error {
	if err := teardown.Remove(context.WithoutCancel(ctx), dir); err != nil {
		return fmt.Errorf("%w\nand removing what was started failed too: %w; run `kbe-cluster down --name %s`", cause, err, dir.Name())
	}
	return cause
}
