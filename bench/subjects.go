package main

import (
	"context"
	"fmt"
	"os"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// subject is something that is measured: in one go it may give samples of
// several things, by name.
type subject func(ctx context.Context) (map[string]sample, error)

// Names of what is measured.
const (
	limit        = "limit: the pods, created together"
	verdict      = "kbe pods: verdict"
	exit         = "kbe pods: all removed"
	handExample  = "the example by hand"
	handPage     = "the page of 2017 by hand"
	pageExit     = "kbe pods single-pod two-containers: all removed"
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
			var r v1alpha1.Report
			s, err := l.report(ctx, &r, "pods")
			at := s
			at.Seconds -= float64(r.ElapsedMilliseconds-r.VerdictMilliseconds) / 1000
			keepRun(at.Seconds, &r)
			return map[string]sample{verdict: at, exit: s}, err
		},
		one(handExample, func(ctx context.Context) (sample, error) { return l.byHand(ctx, l.script) }),
		one(handPage, func(ctx context.Context) (sample, error) { return l.byHand(ctx, l.page) }),
		one(pageExit, func(ctx context.Context) (sample, error) {
			return l.report(ctx, &v1alpha1.Report{}, "pods", "single-pod", "two-containers")
		}),
		one(startKBE, start("kubectl-kbe")),
		one(startKubectl, start("kubectl")),
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
		s.Seconds -= float64(r.ElapsedMilliseconds-r.VerdictMilliseconds) / 1000
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
