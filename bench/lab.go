package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// userAgent is that of the requests that the bench sends itself.
const userAgent = "kbe-bench"

// lab is a cluster that is measured on.
type lab struct {
	options
	name, dir string
	nodes     int
	client    kubernetes.Interface
	// pods are those that a run of the example makes.
	pods []*corev1.Pod
	// script replays the example with kubectl; page is the page by hand, markdown a page to verify.
	script, page, markdown string
}

// onCluster brings a cluster up, with an audit log and the flags, and down again.
func onCluster(ctx context.Context, o options, nodes int, do func(*lab) error, flags ...string) (err error) {
	dir, err := os.MkdirTemp("", "kbe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l := &lab{options: o, name: fmt.Sprintf("bench-%d", os.Getpid()), dir: dir, nodes: nodes}
	fmt.Fprintf(os.Stderr, "bench: a cluster of %d nodes\n", nodes)
	up := append([]string{"up", "--name", l.name, "--nodes", fmt.Sprint(nodes), "--audit"}, flags...)
	if _, err := l.command(ctx, "kbe-cluster", up...).measure(); err != nil {
		return err
	}
	defer func() {
		_, downErr := l.command(context.WithoutCancel(ctx), "kbe-cluster", "down", "--name", l.name).measure()
		err = errors.Join(err, downErr)
	}()
	cfg, err := clientcmd.BuildConfigFromFlags("", l.kubeconfig())
	if err != nil {
		return err
	}
	cfg.QPS = -1 // the limit is to be the cluster's
	cfg.UserAgent = userAgent
	if l.client, err = kubernetes.NewForConfig(cfg); err != nil {
		return err
	}
	return do(l)
}

func (l *lab) kubeconfig() string { return filepath.Join(l.dir, "kubeconfig") }

// command is a program of the bin folder, or bash with that folder in its PATH.
type command struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func (l *lab) command(ctx context.Context, program string, args ...string) *command {
	if program != "bash" {
		program = filepath.Join(l.bin, program)
	}
	c := &command{Cmd: exec.CommandContext(ctx, program, args...)}
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.Stdout, c.Stderr = &c.stdout, &c.stderr
	c.Env = append(os.Environ(), "KUBECONFIG="+l.kubeconfig(), "PATH="+l.bin+":"+os.Getenv("PATH"), "KUBECACHEDIR="+filepath.Join(l.dir, "cache"))
	return c
}

// sample is one measurement.
type sample struct {
	Seconds float64 `json:"seconds"`
	// CPUSeconds are those of the process and of those that it waited for. What is not
	// measured is 0.
	CPUSeconds float64 `json:"cpuSeconds,omitempty"`
	// Requests is how many the API server got.
	Requests int `json:"requests,omitempty"`
}

// toVerdict is the sample without what came after the verdict, by the times of the report.
func (s sample) toVerdict(elapsedMilliseconds, verdictMilliseconds int64) sample {
	s.Seconds -= float64(elapsedMilliseconds-verdictMilliseconds) / 1000
	return s
}

// measure runs the command to its end.
func (c *command) measure() (sample, error) {
	begin := time.Now()
	err := c.Run()
	s := sample{Seconds: time.Since(begin).Seconds()}
	if err != nil {
		return s, fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, bytes.TrimSpace(c.stderr.Bytes()))
	}
	s.CPUSeconds = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	return s, nil
}

// cpuSeconds is what the bench itself has used so far.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// report runs kubectl-kbe, and reads the report that it prints.
func (l *lab) report(ctx context.Context, into any, args ...string) (sample, error) {
	c := l.command(ctx, "kubectl-kbe", append(args, "-o", "json")...)
	s, err := l.counted(ctx, "kubectl-kbe/", c.measure)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(c.stdout.Bytes(), into)
}

// counted measures something, and counts the requests of a user agent meanwhile.
func (l *lab) counted(ctx context.Context, agent string, measure func() (sample, error)) (sample, error) {
	before, err := l.requests(ctx, agent)
	if err != nil {
		return sample{}, err
	}
	s, err := measure()
	if err != nil {
		return s, err
	}
	after, err := l.requests(ctx, agent)
	s.Requests = after - before
	return s, err
}

// requests counts what the API server has got so far of a user agent.
func (l *lab) requests(ctx context.Context, agent string) (int, error) {
	c := l.command(ctx, "kbe-cluster", "logs", "--name", l.name, "audit")
	if _, err := c.measure(); err != nil {
		return 0, err
	}
	n := 0
	for ev := range auditedRequests(c.stdout.Bytes()) {
		if strings.HasPrefix(ev.UserAgent, agent) {
			n++
		}
	}
	return n, nil
}

// request is one of the audit log (k8s.io/apiserver/pkg/apis/audit).
type request struct {
	UserAgent, Stage, Verb, RequestURI       string
	RequestReceivedTimestamp, StageTimestamp time.Time
}

// auditedRequests are those of an audit log that have been answered.
func auditedRequests(log []byte) iter.Seq[request] {
	return func(yield func(request) bool) {
		for line := range bytes.Lines(log) {
			var r request
			if err := json.Unmarshal(line, &r); err != nil {
				continue // a line that is being written
			}
			if r.Stage == "ResponseComplete" && !yield(r) {
				return
			}
		}
	}
}
