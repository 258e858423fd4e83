package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/probe"
)

// callers is how many nodes probe at a time: each is a connection to the API
// server, and each disturbs the latencies of the others.
const callers = 64

// settle is how long a target is asked again that does not answer: it has only
// just started.
const settle = 2 * time.Second

// silence is how long a caller may tell nothing: a target that is slow, or fails at
// last, takes less. A caller that is silent for longer is on a node that is gone.
const silence = 12 * time.Second

// probeAll has every node probe its targets, and fills the matrix.
func (r *run) probeAll(ctx context.Context) {
	zones := make([]string, len(r.nodes))
	var in [families]bool
	for i, n := range r.nodes {
		zones[i] = n.Zone
		for _, a := range n.Addresses {
			in[FamilyOf(a)] = true
		}
	}
	plan := AllPairs(len(r.nodes))
	if r.opts.Peers > 0 {
		plan = Peers(zones, r.opts.Peers, r.opts.Seed)
	}
	var present []Family
	for f, is := range in {
		if is {
			present = append(present, Family(f))
		}
	}
	r.result.Matrix = NewMatrix(plan, present...)

	next, done := make(chan int), make(chan struct{})
	tools := make([]string, len(r.nodes))
	var workers sync.WaitGroup
	for range min(callers, len(r.nodes)) {
		workers.Go(func() {
			for i := range next {
				var err error
				if tools[i], err = r.probeFrom(ctx, i); err != nil && ctx.Err() == nil {
					r.result.Nodes[i].fail(fmt.Sprintf("its pod could not probe: %v", err))
				}
			}
		})
	}
	go func() {
		defer close(done)
		for i := range r.nodes {
			next <- i
		}
		close(next)
		workers.Wait()
	}()
	r.tellUntil(done)
	for _, tool := range tools {
		if tool != "" && tool != probe.ToolTwin {
			r.result.Tool = tool
		}
	}
}

// tellUntil tells the progress of the probes, now and then.
func (r *run) tellUntil(done <-chan struct{}) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		n, failing := r.result.Matrix.Progress()
		r.progress(Progress{Stage: "probing", Done: n, Total: r.result.Matrix.Planned(), Failing: failing})
		select {
		case <-done:
			return
		case <-tick.C:
		}
	}
}

// probeFrom has one node probe all its targets, in one exec.
func (r *run) probeFrom(ctx context.Context, from int) (tool string, err error) {
	var targets []probe.Target
	for _, f := range r.result.Matrix.Families() {
		if !r.nodes[from].Address(f).IsValid() {
			continue
		}
		for to := range r.result.Matrix.Plan.Targets(from) {
			if a := r.nodes[to].Address(f); a.IsValid() {
				targets = append(targets, probe.Target{ID: targetID(f, to), Address: netip.AddrPortFrom(a, port)})
			}
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silence, func() {
		cancel(fmt.Errorf("no result came for %s: is the node gone?", silence))
	})
	defer silent.Stop()
	var itself error
	exec := probe.Exec(r.kubectl.Exec(r.pods[from].name, containerName))
	err = probe.Probe(ctx, exec, targets, probe.Options{Settle: settle}, func(res probe.Result) {
		silent.Reset(silence)
		f, to := parseTargetID(res.ID)
		if res.Outcome == probe.Failed {
			itself = errors.New(res.Err)
			return
		}
		tool = res.Tool
		r.result.Matrix.Set(f, from, to, r.judge(f, from, to, res))
	})
	return tool, errors.Join(err, itself)
}

func targetID(f Family, to int) string { return fmt.Sprintf("%d/%d", f, to) }

func parseTargetID(id string) (Family, int) {
	f, _ := strconv.Atoi(id[:1])
	to, _ := strconv.Atoi(id[2:])
	return Family(f), to
}

// judge says what a result means: who should have answered, and whom it saw.
func (r *run) judge(f Family, from, to int, res probe.Result) Sample {
	s := Sample{P50: res.P50, P99: res.P99}
	switch res.Outcome {
	case probe.Refused:
		s.State = Refused
	case probe.Reset:
		s.State = Reset
	case probe.Unreachable:
		s.State = Unreachable
	case probe.Protocol:
		s.State, s.Detail = WrongAnswer, res.Err
	case probe.Answered:
		r.judgeAnswer(&s, to, res)
		if own := r.nodes[from].Address(f); res.From.IsValid() && res.From != own {
			s.SeenAs = res.From
		}
	default:
		if s.State = TimedOut; res.Connected {
			s.Detail = "the connection stood, and no answer came"
		}
	}
	return s
}

func (r *run) judgeAnswer(s *Sample, to int, res probe.Result) {
	want := r.pods[to].nonce
	switch {
	case res.Version != want:
		s.State, s.Detail = WrongAnswer, r.answerer(res.Version)
	case res.Other != nil && res.Other.Version != want:
		s.State, s.Detail = WrongAnswer, "at times "+r.answerer(res.Other.Version)
	case res.Failed > 0:
		s.State, s.Detail = Flaky, fmt.Sprintf("%d of %d were answered: %s", res.Answered, res.Answered+res.Failed, res.Err)
	case res.P50 > r.opts.Slow:
		s.State = Slow
	default:
		s.State = Reachable
	}
}

// addresses are those of a pod, one per family.
func addresses(pod *corev1.Pod) (list []netip.Addr) {
	for _, ip := range pod.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil {
			list = append(list, a.Unmap())
		}
	}
	return list
}
