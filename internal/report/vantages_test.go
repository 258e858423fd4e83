package report

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// truthTable is one of a Pod that something keeps from being reached, and whose
// cluster says what it should not.
func truthTable(ip string) *v1alpha1.Reach {
	target := netip.MustParseAddr(ip)
	answered := func(from string) probe.Result {
		return probe.Result{
			Outcome: probe.Answered, Connected: true, Version: "x7k2p-n0nce", From: netip.MustParseAddr(from), Answered: 5,
			P50: 412 * time.Microsecond, P99: 3 * time.Millisecond,
		}
	}
	near, far := netip.MustParseAddr("10.244.1.9"), netip.MustParseAddr("10.244.2.3")
	row := func(point reach.VantagePoint, caller, node string, to reach.To, address netip.Addr, expected reach.Expected) reach.Row {
		return reach.Row{From: point, Caller: caller, Node: node, To: to, Address: netip.AddrPortFrom(address, 9876), Expected: expected}
	}
	localhost := row(reach.Container, "container sise", "node-1", reach.Localhost, netip.MustParseAddr("127.0.0.1"), reach.Reached)
	localhost.Result = answered("127.0.0.1")
	own := row(reach.Container, "container sise", "node-1", reach.PodIP, target, reach.Reached)
	own.Result = answered("10.244.1.5")
	same := row(reach.SameNode, "a pod on node-1", "node-1", reach.PodIP, target, reach.Reached)
	same.Result, same.Own = answered("10.244.1.1"), []netip.Addr{near}
	other := row(reach.OtherNode, "a pod on node-2", "node-2", reach.PodIP, target, reach.Reached)
	other.Result, other.Own = probe.Result{Outcome: probe.Timeout, Failed: 2, Err: "i/o timeout\x1b[31m<b>"}, []netip.Addr{far}
	node := row(reach.HostNetwork, "the node node-1", "node-1", reach.PodIP, target, reach.Reached)
	node.Skipped = "namespace \"n\" enforces the Pod Security Standard restricted, which forbids hostNetwork"
	here := row(reach.Here, "this machine", "", reach.PodIP, target, reach.NotReached)
	here.Result = probe.Result{Outcome: probe.Unreachable, Failed: 1, Err: "network is unreachable"}

	r := &v1alpha1.Reach{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.ReachKind}, ObjectMeta: metav1.ObjectMeta{Name: "reach-x7k2p"},
		RunResult: v1alpha1.RunResult{
			Verdict: v1alpha1.ClaimFailed, VerdictMilliseconds: 2300, ElapsedMilliseconds: 7500,
			StartTime: metav1.NewMicroTime(time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)),
			Run:       v1alpha1.Run{ID: "x7k2p", Namespace: "n", Context: "c", ServerVersion: "v1.37.2"},
			Cleanup:   &v1alpha1.Cleanup{ElapsedMilliseconds: 1100},
		},
	}
	table := &reach.Table{
		Target: reach.Target{Name: "web", Namespace: "n", Node: "node-1", IPs: []netip.Addr{target}, Port: 9876, Existing: true, Version: "x7k2p-n0nce"},
		Rows:   []reach.Row{localhost, own, same, other, node, here},
	}
	table.AddTo(r)
	return r
}

func TestGoldenTruthTable(t *testing.T) {
	r := truthTable("10.244.1.5")
	var story bytes.Buffer
	terminal := NewTerminal(&story, nil, 80, false)
	terminal.Show(r)
	terminal.End(r)
	golden(t, "vantages.txt", story.Bytes())
	for name, format := range map[string]string{"vantages.xml": "junit", "vantages.html": "html"} {
		var out bytes.Buffer
		if err := Write(&out, format, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
		if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "timeout<b>") {
			t.Errorf("%s: expected that the cluster's text is escaped", format)
		}
	}
}

func TestTheTruthTableFitsItsWidth(t *testing.T) {
	for width, ips := range map[int][]string{
		40: {"10.244.1.5", "fd00:10:244:1::5"},
		60: {"10.244.1.5", "fd00:10:244:1::5", "2001:db8:1234:5678:9abc:d:1234:5678"},
		80: {"10.244.1.5", "fd00:10:244:1::5", "2001:db8:1234:5678:9abc:d:1234:5678"},
	} {
		for _, ip := range ips {
			var story bytes.Buffer
			terminal, r := NewTerminal(&story, nil, width, false), truthTable(ip)
			terminal.Show(r)
			terminal.End(r)
			if !strings.Contains(story.String(), ip) {
				t.Errorf("expected %s in\n%s", ip, story.String())
			}
			for line := range strings.Lines(story.String()) {
				if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
					t.Errorf("%s: a line of %d columns, expected at most %d: %s", ip, n, width, line)
				}
			}
		}
	}
}

func TestWarningsAreCounted(t *testing.T) {
	r := &v1alpha1.Reach{
		Target: &v1alpha1.ReachTarget{}, Counts: &v1alpha1.ReachCounts{}, Causes: []v1alpha1.ReachCause{{Warning: true}, {}},
		Matrix: &v1alpha1.Matrix{Findings: []v1alpha1.MatrixFinding{{}, {Warning: true}}},
	}
	if n := Warnings(r); n != 2 {
		t.Errorf("expected 2 warnings, found %d", n)
	}
}

// In short, what is as expected has no explanation, and no blank line in its place.
func TestASummaryOfATable(t *testing.T) {
	var out bytes.Buffer
	NewTerminal(&out, nil, 80, false).As(Summary).End(truthTable("10.244.1.5"))
	golden(t, "vantages-summary.txt", out.Bytes())
}
