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

// TestWhatIsKnownBeforeTheProbesIsShownOnce: that the pods are hardened is known when a run begins, and
// what it found is shown all the same.
func TestWhatIsKnownBeforeTheProbesIsShownOnce(t *testing.T) {
	whole := truthTable("10.244.1.5")
	whole.Hardened = true
	begin := &v1alpha1.Reach{TypeMeta: whole.TypeMeta, RunResult: v1alpha1.RunResult{Run: whole.Run}, Target: whole.Target, Hardened: true}
	for name, end := range map[string]*v1alpha1.Reach{
		"✗ pod, other node": whole,
		"are deleted (0.0 s)": {TypeMeta: whole.TypeMeta, Hardened: true, RunResult: v1alpha1.RunResult{
			Verdict: v1alpha1.CouldNotRun, Run: whole.Run, Cleanup: &v1alpha1.Cleanup{}}},
	} {
		var story bytes.Buffer
		terminal := NewTerminal(&story, nil, 80, false)
		terminal.Show(begin)
		terminal.Show(end)
		terminal.End(end)
		if text := story.String(); strings.Count(text, "restricted, and") != 1 || strings.Count(text, name) != 1 {
			t.Errorf("expected %q, and that the pods are hardened, once, found:\n%s", name, text)
		}
	}
}

// TestWhyACommandCouldNotRunFits: but a list, and the command below it, stay as they are.
func TestWhyACommandCouldNotRunFits(t *testing.T) {
	long := strings.Repeat("word ", 30)
	list := "lacks:\n  " + long + "\nkubectl " + long
	cause := &v1alpha1.Cause{What: "the quota is used up", Remedy: "raise it"}
	for text, want := range map[string]string{
		long: "error: reach: could not run: word word word word word word word word word word\n       word",
		list: "error: reach: could not run: " + list,
		"the pod is not permitted: the quota is used up: exceeded": "error: reach: could not run: the quota is used up\n      why  the pod is not permitted: exceeded\n",
	} {
		var out bytes.Buffer
		given := cause
		if !strings.Contains(text, "quota") {
			given = nil
		}
		if Refuse(&out, 80, "reach", text, given); !strings.HasPrefix(out.String(), want) {
			t.Errorf("expected\n%s\nfound\n%s", want, out.String())
		}
	}
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

// TestWhatACleanupCouldNotRemoveIsAList: each error is one of its own.
func TestWhatACleanupCouldNotRemoveIsAList(t *testing.T) {
	blocks := cleanupBlocks(v1alpha1.Run{}, &v1alpha1.Cleanup{Error: "remove pods/a: timed out\nremove pods/b: forbidden"})
	want := Problem{"The cleanup is incomplete: remove pods/a: timed out; remove pods/b: forbidden"}
	if len(blocks) != 1 || blocks[0] != want {
		t.Errorf("expected %v, found %v", want, blocks)
	}
}
