package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/images/simpleservice/probe"
)

func main() {
	os.Exit(run()) //nolint:forbidigo // this is main
}

func run() int {
	// As PID 1 a process has no default reaction to SIGTERM: without this, stopping the
	// container would last the pod's whole grace period.
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] == "probe":
		return probeAll(stop)
	case len(args) > 0:
		fmt.Fprintf(os.Stderr, "simpleservice: expected no argument, or probe; found %q\n", args)
		return 2
	}
	return serve(stop)
}

// probeAll is `simpleservice probe`: requests on standard input, results on standard
// output.
func probeAll(stop <-chan os.Signal) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() { cancel(errors.New((<-stop).String())) }()
	// A caller that is gone is an error of the write, not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	err := probe.Run(ctx, os.Stdin, os.Stdout)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, probe.ErrRequest):
		fmt.Fprintln(os.Stderr, "simpleservice: probe:", err)
		return 2
	default:
		fmt.Fprintln(os.Stderr, "simpleservice: probe:", err)
		return 1
	}
}

func serve(stop <-chan os.Signal) int {
	cfg, err := configFrom(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "simpleservice:", err)
		return 2
	}
	listener, err := net.Listen(cfg.network(), cfg.address())
	if err != nil {
		fmt.Fprintf(os.Stderr, "simpleservice: cannot listen on %s: %v\n", cfg.address(), err)
		return 1
	}
	out := log.New(os.Stderr, "", 0)
	logf(out, "INFO", "This is simple service in version v%s listening on port %s", cfg.version, cfg.port)

	failed := make(chan error, 1)
	go func() { failed <- newServer(cfg, out).Serve(listener) }()
	select {
	case <-stop:
		return 0
	case err := <-failed:
		fmt.Fprintln(os.Stderr, "simpleservice: stopped serving:", err)
		return 1
	}
}

func newServer(cfg config, out *log.Logger) *http.Server {
	return &http.Server{
		Handler:           &service{cfg: cfg, log: out},
		ReadHeaderTimeout: 10 * time.Second,
		// "OPTIONS *" is a path that does not exist, as any other.
		DisableGeneralOptionsHandler: true,
	}
}
