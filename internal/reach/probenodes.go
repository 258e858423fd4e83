package reach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// callers is how many nodes probe at a time: each is a connection to the API
// server, and each disturbs the latencies of the others.
const callers = 64

// probeAll has every node probe its targets, and fills the matrix.
func (r *nodesRun) probeAll(ctx context.Context, nodes []Node) {
	r.result.Matrix = r.emptyMatrix(nodes)
	next, done := make(chan int), make(chan struct{})
	var workers sync.WaitGroup
	for range min(callers, len(nodes)) {
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
		for i := range nodes {
			next <- i
		}
		close(next)
		workers.Wait()
	}()
	r.reportUntil(done)
}

func (r *nodesRun) emptyMatrix(nodes []Node) *Matrix {
	zones := make([]string, len(nodes))
	var in [families]bool
	for i, n := range nodes {
		zones[i] = n.Zone
		for _, a := range n.Addresses {
			in[FamilyOf(a)] = true
		}
	}
	plan := AllPairs(len(nodes))
	if r.opts.Peers > 0 {
		plan = Peers(zones, r.opts.Peers, r.opts.Seed)
	}
	var present []Family
	for f, is := range in {
		if is {
			present = append(present, Family(f))
		}
	}
	return NewMatrix(plan, present...)
}

// reportUntil reports the progress of the probes, now and then.
func (r *nodesRun) reportUntil(done <-chan struct{}) {
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
func (r *nodesRun) probeFrom(ctx context.Context, from int) error {
	m, nodes := r.result.Matrix, r.result.Nodes
	var targets []probe.Target
	for _, f := range m.Families() {
		if !nodes[from].Address(f).IsValid() {
			continue
		}
		for to := range m.Plan.Targets(from) {
			if a := nodes[to].Address(f); a.IsValid() {
				targets = append(targets, probe.Target{ID: targetID(f, to), Address: netip.AddrPortFrom(a, defaultPort)})
			}
		}
	}
	found, err := probe.Probe(ctx, r.kubectl.Exec(nodes[from].pod, serviceContainer), targets, probe.Options{})
	var itself error
	for _, res := range found {
		if res.Outcome == probe.Failed {
			itself = errors.New(res.Err)
			continue
		}
		f, to := parseTargetID(res.ID)
		m.Set(f, from, to, r.sample(f, from, to, res))
	}
	return errors.Join(err, itself)
}

func targetID(f Family, to int) string { return fmt.Sprintf("%d/%d", f, to) }

func parseTargetID(id string) (Family, int) {
	f, _ := strconv.Atoi(id[:1])
	to, _ := strconv.Atoi(id[2:])
	return Family(f), to
}

// sample is what a result shows of a pair: who answered, and whom it saw.
func (r *nodesRun) sample(f Family, from, to int, res probe.Result) Sample {
	want := r.result.Nodes[to].version
	s := Sample{Outcome: res.Judge(want), P50: res.P50, P99: res.P99}
	if own := r.result.Nodes[from].Address(f); res.From.IsValid() && res.From != own {
		s.SeenAs = res.From
	}
	switch s.Outcome {
	case probe.Protocol:
		s.Outcome, s.Detail = probe.WrongAnswer, res.Err
	case probe.WrongAnswer:
		s.Detail = r.answerer(res.Version)
		if res.Version == want {
			s.Detail = "at times " + r.answerer(res.Other.Version)
		}
	case probe.Flaky:
		s.Detail = fmt.Sprintf("%d of %d were answered: %s", res.Answered, res.Answered+res.Failed, res.Err)
	case probe.Timeout:
		if res.Connected {
			s.Detail = "the connection stood, and no answer came"
		}
	case probe.Answered:
		if res.P50 > r.opts.Slow {
			s.Outcome = probe.Slow
		}
	default: // the outcome says it all
	}
	return s
}

// answerer names what answered a version: one of the run's pods, or something else.
func (r *nodesRun) answerer(version string) string {
	for _, n := range r.result.Nodes {
		if n.version != "" && n.version == version {
			return "the pod on " + n.Name + " answered"
		}
	}
	return fmt.Sprintf("somebody else answered, with version %q", cmp.Or(version, "none"))
}
