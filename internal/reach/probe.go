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

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// callers is how many nodes probe at a time: each is a connection to the API
// server, and each disturbs the latencies of the others.
const callers = 64

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
	var workers sync.WaitGroup
	for range min(callers, len(r.nodes)) {
		workers.Go(func() {
			for i := range next {
				if err := r.probeFrom(ctx, i); err != nil && ctx.Err() == nil {
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

// probeFrom has one node probe all its targets, in one exec. What is known when that
// fails is in the matrix all the same.
func (r *run) probeFrom(ctx context.Context, from int) error {
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
	exec := probe.Exec(r.kubectl.Exec(r.pods[from].name, containerName))
	found, err := probe.Probe(ctx, exec, targets, probe.Options{})
	var itself error
	for _, res := range found {
		if res.Outcome == probe.Failed {
			itself = errors.New(res.Err)
			continue
		}
		f, to := parseTargetID(res.ID)
		r.result.Matrix.Set(f, from, to, r.judge(f, from, to, res))
	}
	return errors.Join(err, itself)
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
