package main

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// subject is something that is measured: in one go it may give samples of
// several things, by name.
type subject func(ctx context.Context) (map[string]sample, error)

// Names of what is measured.
const (
	limit        = "limit: the pods, created together, until their programs listen"
	coldLimit    = "limit, on nodes without images, with 100 Mbit/s each"
	coldVerdict  = "kbe pods, on nodes without images, with 100 Mbit/s each: verdict"
	conformance  = "kbe conformance"
	verdict      = "kbe pods: verdict"
	exit         = "kbe pods: all removed"
	handExample  = "the example by hand"
	handPage     = "the page of 2017 by hand"
	pageExit     = "kbe pods single-pod two-containers: all removed"
	verifyPage   = "kbe verify, a page of 20 commands: beyond its pods, until their programs listen"
	startKBE     = "kubectl-kbe version --client"
	startKubectl = "kubectl version --client"
	clusterUp    = "kbe-cluster up --nodes 3"
	clusterDown  = "kbe-cluster down"
)

func matrixVerdict(nodes int) string {
	return fmt.Sprintf("kbe reach --nodes, %d nodes: verdict", nodes)
}
func matrixBeyond(nodes int) string {
	return fmt.Sprintf("kbe reach --nodes, %d nodes: beyond its pods' start", nodes)
}

func one(name string, measure func(context.Context) (sample, error)) subject {
	return func(ctx context.Context) (map[string]sample, error) {
		s, err := measure(ctx)
		return map[string]sample{name: s}, err
	}
}

// podsSubjects are those about the pods page.
func (l *lab) podsSubjects() []subject {
	start := func(program string) func(context.Context) (sample, error) {
		return func(ctx context.Context) (sample, error) {
			return l.command(ctx, program, "version", "--client").measure()
		}
	}
	return []subject{
		one(limit, func(ctx context.Context) (sample, error) {
			return l.counted(ctx, userAgent, func() (sample, error) { return l.limit(ctx) })
		}),
		func(ctx context.Context) (map[string]sample, error) {
			at, s, err := l.traced(ctx, verdict)
			return map[string]sample{verdict: at, exit: s}, err
		},
		one(conformance, func(ctx context.Context) (sample, error) {
			return l.report(ctx, &v1alpha1.ConformanceReport{}, "conformance")
		}),
		one(handExample, func(ctx context.Context) (sample, error) { return l.byHand(ctx, l.script) }),
		one(handPage, func(ctx context.Context) (sample, error) { return l.byHand(ctx, l.page) }),
		one(pageExit, func(ctx context.Context) (sample, error) {
			return l.report(ctx, &v1alpha1.Report{}, "pods", "single-pod", "two-containers")
		}),
		one(verifyPage, l.verifyPage),
		one(startKBE, start("kubectl-kbe")),
		one(startKubectl, start("kubectl")),
	}
}

// verifyPage is the time to the verdict on a page without the times at which one of its pods
// was on its way.
func (l *lab) verifyPage(ctx context.Context) (sample, error) {
	var r v1alpha1.Report
	var s sample
	starts, err := l.podsStart(ctx, func() (_ string, err error) {
		s, err = l.report(ctx, &r, "verify", l.markdown)
		return r.Run.Namespace, err
	})
	s = s.toVerdict(r.ElapsedMilliseconds, r.VerdictMilliseconds)
	s.Seconds -= starts.Seconds()
	return s, err
}

// traced runs the pods page, and keeps its trace under a name.
func (l *lab) traced(ctx context.Context, name string) (verdict, exit sample, err error) {
	var r v1alpha1.Report
	if exit, err = l.report(ctx, &r, "pods"); err != nil {
		return verdict, exit, err
	}
	verdict = exit.toVerdict(r.ElapsedMilliseconds, r.VerdictMilliseconds)
	tr, err := l.trace(ctx, &r)
	if err == nil {
		l.traces.keep(name, verdict.Seconds, tr)
	}
	return verdict, exit, err
}

// coldSubjects are those on nodes that have no images and pull them with 100 Mbit/s each:
// a cluster for each sample.
func coldSubjects(o options, pods []*corev1.Pod) []subject {
	cold := func(name string, measure func(context.Context, *lab) (sample, error)) subject {
		return one(name, func(ctx context.Context) (s sample, err error) {
			err = onCluster(ctx, o, 3, func(l *lab) (err error) {
				l.pods = pods
				if _, err := l.command(ctx, "kbe-cluster", "fault", "--name", l.name, "set", "slow-registry", "100").measure(); err != nil {
					return err
				}
				if err := settle(ctx); err != nil {
					return err
				}
				s, err = measure(ctx, l)
				return err
			}, "--cold")
			return s, err
		})
	}
	return []subject{
		cold(coldLimit, func(ctx context.Context, l *lab) (sample, error) { return l.limit(ctx) }),
		cold(coldVerdict, func(ctx context.Context, l *lab) (sample, error) {
			at, _, err := l.traced(ctx, coldVerdict)
			return at, err
		}),
	}
}

// matrixSubjects are those about the nodes of the lab's cluster.
func (l *lab) matrixSubjects() []subject {
	return []subject{func(ctx context.Context) (map[string]sample, error) {
		var r v1alpha1.Reach
		s, err := l.report(ctx, &r, "reach", "--nodes")
		if err != nil {
			return nil, err
		}
		s = s.toVerdict(r.ElapsedMilliseconds, r.VerdictMilliseconds)
		beyond := sample{}
		for _, stage := range r.Matrix.Stages {
			if stage.Name != "pods" {
				beyond.Seconds += float64(stage.ElapsedMilliseconds) / 1000
			}
		}
		return map[string]sample{matrixVerdict(l.nodes): s, matrixBeyond(l.nodes): beyond}, nil
	}}
}

// clusterSubjects are those about the cluster itself.
func clusterSubjects(o options) []subject {
	return []subject{func(ctx context.Context) (map[string]sample, error) {
		dir, err := os.MkdirTemp("", "kbe-bench-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		l := &lab{options: o, name: fmt.Sprintf("bench-%d", os.Getpid()), dir: dir}
		up, err := l.command(ctx, "kbe-cluster", "up", "--name", l.name, "--nodes", "3").measure()
		if err != nil {
			return nil, err
		}
		down, err := l.command(context.WithoutCancel(ctx), "kbe-cluster", "down", "--name", l.name).measure()
		return map[string]sample{clusterUp: up, clusterDown: down}, err
	}}
}
