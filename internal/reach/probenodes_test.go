package reach

import (
	"net/netip"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

func TestSample(t *testing.T) {
	own := netip.MustParseAddr("10.0.0.1")
	r := &nodesRun{opts: NodesOptions{Slow: 100 * time.Millisecond}, result: &Result{Nodes: []Node{
		{Name: "node-1", version: "one", Addresses: []netip.Addr{own}},
		{Name: "node-2", version: "two", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.2")}},
	}}}
	answered := func(change func(*probe.Result)) probe.Result {
		res := probe.Result{Outcome: probe.Answered, Version: "two", From: own, Answered: 5, P50: time.Millisecond, P99: 2 * time.Millisecond}
		change(&res)
		return res
	}
	for name, tc := range map[string]struct {
		found   probe.Result
		outcome probe.Outcome
		detail  string
		seenAs  string
	}{
		"well":           {answered(func(*probe.Result) {}), probe.Answered, "", ""},
		"translated":     {answered(func(r *probe.Result) { r.From = netip.MustParseAddr("10.89.0.3") }), probe.Answered, "", "10.89.0.3"},
		"slow":           {answered(func(r *probe.Result) { r.P50 = time.Second }), probe.Slow, "", ""},
		"flaky":          {answered(func(r *probe.Result) { r.Answered, r.Failed, r.Err = 3, 2, "timeout" }), probe.Flaky, "3 of 5 were answered: timeout", ""},
		"another pod":    {answered(func(r *probe.Result) { r.Version = "one" }), probe.WrongAnswer, "the pod on node-1 answered", ""},
		"a stranger":     {answered(func(r *probe.Result) { r.Version = "0.5.0" }), probe.WrongAnswer, `somebody else answered, with version "0.5.0"`, ""},
		"two at a time":  {answered(func(r *probe.Result) { r.Other = &probe.Answer{Version: "one"} }), probe.WrongAnswer, "at times the pod on node-1 answered", ""},
		"no service":     {probe.Result{Outcome: probe.Protocol, Err: "status 404"}, probe.WrongAnswer, "status 404", ""},
		"refused":        {probe.Result{Outcome: probe.Refused, Err: "connection refused"}, probe.Refused, "", ""},
		"reset":          {probe.Result{Outcome: probe.Reset}, probe.Reset, "", ""},
		"no route":       {probe.Result{Outcome: probe.Unreachable}, probe.Unreachable, "", ""},
		"dropped":        {probe.Result{Outcome: probe.Timeout}, probe.Timeout, "", ""},
		"silent service": {probe.Result{Outcome: probe.Timeout, Connected: true}, probe.Timeout, "the connection stood, and no answer came", ""},
	} {
		got := r.sample(IPv4, 0, 1, tc.found)
		seenAs := ""
		if got.SeenAs.IsValid() {
			seenAs = got.SeenAs.String()
		}
		if got.Outcome != tc.outcome || got.Detail != tc.detail || seenAs != tc.seenAs {
			t.Errorf("%s: expected %s, %q, %q; found %+v", name, tc.outcome, tc.detail, tc.seenAs, got)
		}
	}
}

func TestTargetIDsAreReadBack(t *testing.T) {
	for _, f := range []Family{IPv4, IPv6} {
		if g, to := parseTargetID(targetID(f, 4711)); g != f || to != 4711 {
			t.Errorf("found %s, %d", g, to)
		}
	}
}
