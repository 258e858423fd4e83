package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	corev1 "k8s.io/api/core/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	rounds   int
	bin, out string
	traces   traces
}

func run(ctx context.Context) (err error) {
	o := options{traces: traces{}}
	flag.IntVar(&o.rounds, "rounds", 10, "how often each subject is measured")
	flag.StringVar(&o.bin, "bin", "bin", "folder of kubectl-kbe, kubectl and kbe-cluster")
	flag.StringVar(&o.out, "out", filepath.Join("_artifacts", "bench"), "folder for results.json, results.txt (for benchstat) and traces (for ui.perfetto.dev)")
	flag.Parse()
	if o.rounds < 1 || flag.NArg() > 0 {
		return fmt.Errorf("expected flags and at least one round, found --rounds %d %v", o.rounds, flag.Args())
	}
	if o.bin, err = filepath.Abs(o.bin); err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o750); err != nil {
		return err
	}
	all := &results{Rounds: o.rounds}
	if err := errors.Join(measure(ctx, o, all), all.write(o)); err != nil {
		return err
	}
	all.print(os.Stdout)
	fmt.Printf("\nWritten to %s: results.json, results.txt (for benchstat), trace-warm.json, trace-cold.json (for ui.perfetto.dev)\n", o.out)
	return nil
}

// measure measures everything, on its own clusters.
func measure(ctx context.Context, o options, all *results) error {
	var pods []*corev1.Pod
	err := onCluster(ctx, o, 3, func(l *lab) error {
		if err := l.prepare(ctx); err != nil {
			return err
		}
		pods = l.pods
		return all.alternate(ctx, o.rounds, l.podsSubjects())
	})
	if err == nil {
		err = all.alternate(ctx, (o.rounds+2)/3, coldSubjects(o, pods))
	}
	for _, nodes := range []int{2, 3, 6} {
		if err == nil {
			err = onCluster(ctx, o, nodes, func(l *lab) error { return all.alternate(ctx, o.rounds, l.matrixSubjects()) })
		}
	}
	if err != nil {
		return err
	}
	return all.alternate(ctx, o.rounds, clusterSubjects(o))
}
