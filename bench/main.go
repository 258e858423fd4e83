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
}

func run(ctx context.Context) (err error) {
	o := options{}
	flag.IntVar(&o.rounds, "rounds", 10, "how often each subject is measured")
	flag.StringVar(&o.bin, "bin", "bin", "folder of kubectl-kbe, kubectl and kbe-cluster")
	flag.StringVar(&o.out, "out", filepath.Join("_artifacts", "bench"), "folder for results.json, results.txt (for benchstat) and waterfall.svg")
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
	if err := errors.Join(measure(ctx, o, all), all.write(o.out)); err != nil {
		return err
	}
	all.print(os.Stdout)
	fmt.Printf("\nWritten to %s: results.json, results.txt (for benchstat), waterfall.svg\n", o.out)
	return nil
}

// measure measures everything, on clusters of its own.
func measure(ctx context.Context, o options, all *results) error {
	err := onCluster(ctx, o, 3, func(l *lab) error {
		if err := l.prepare(ctx); err != nil {
			return err
		}
		return all.alternate(ctx, o.rounds, l.podsSubjects())
	})
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
