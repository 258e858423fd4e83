package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// table is written as text: a row is PLACE ADDRESS FOUND, where FOUND is an
// outcome of a probe; a version that was answered ("mine" is the target's); or -, for
// a row that was skipped.
func table(t *testing.T, ips string, rows ...string) *Table {
	t.Helper()
	out := &Table{Target: Target{Name: "target", Namespace: "n", Node: "node-1", Port: 9876, Version: "mine"}}
	for ip := range strings.FieldsSeq(ips) {
		out.Target.IPs = append(out.Target.IPs, netip.MustParseAddr(ip))
	}
	for _, text := range rows {
		out.Rows = append(out.Rows, row(t, out.Target, text))
	}
	return out
}

func row(t *testing.T, target Target, text string) Row {
	t.Helper()
	f := strings.Fields(text)
	if len(f) < 3 {
		t.Fatalf("row %q", text)
	}
	r := Row{From: VantagePoint(f[0]), Caller: f[0], To: PodIP, Expected: Reached, Node: map[string]string{"other-node": "node-2"}[f[0]]}
	if f[1] == "tunnel" {
		r.To, r.Address = Localhost, netip.AddrPortFrom(netip.Addr{}, target.Port)
	} else {
		r.Address = netip.AddrPortFrom(netip.MustParseAddr(f[1]), target.Port)
	}
	if r.Address.Addr().IsLoopback() {
		r.To = Localhost
		if len(target.IPs) == 1 && !r.of(FamilyOf(target.IPs[0])) {
			r.Expected = Any
		}
	}
	if r.From == Here {
		r.Expected = NotReached
	}
	switch f[2] {
	case "-":
		r.Skipped = "not permitted"
	case "refused", "timeout", "unreachable", "reset", "protocol", "error":
		r.Result = probe.Result{Outcome: outcomeNamed(f[2]), Failed: 1, Err: f[2]}
		r.Result.Connected = f[2] == "reset" || f[2] == "protocol"
	case "flaky":
		r.Result = probe.Result{Outcome: probe.Answered, Connected: true, Version: "mine", Answered: 3, Failed: 2, Err: "timeout"}
	case "both":
		r.Result = probe.Result{Outcome: probe.Answered, Connected: true, Version: "mine", Answered: 5, Other: &probe.Answer{Version: "theirs"}}
	default:
		r.Result = probe.Result{Outcome: probe.Answered, Connected: true, Version: f[2], Answered: 5}
	}
	if len(f) == 5 { // own address, seen as
		r.Own, r.Result.From = []netip.Addr{netip.MustParseAddr(f[3])}, netip.MustParseAddr(f[4])
	}
	return r
}

func outcomeNamed(name string) (o probe.Outcome) {
	for o.String() != name {
		o++
	}
	return o
}

const (
	v4 = "10.244.1.5"
	v6 = "fd00:10:244:1::5"
)

func TestExplainTable(t *testing.T) {
	for name, tc := range map[string]struct {
		ips   string
		rows  []string
		want  []string // What of each cause, begin
		why   string   // in the first cause
		outer int      // failed rows
	}{
		"as it should be": {ips: v4, rows: []string{
			"container 127.0.0.1 mine", "container " + v4 + " mine", "other-node " + v4 + " mine 10.244.2.3 10.244.2.3",
			"port-forward tunnel mine", "here " + v4 + " timeout",
		}},
		"reached from here, which is no failure": {ips: v4, rows: []string{"same-node " + v4 + " mine", "here " + v4 + " mine"}},
		"loopback only": {ips: v4, rows: []string{
			"container 127.0.0.1 mine", "container " + v4 + " refused", "sibling 127.0.0.1 mine", "sibling " + v4 + " refused",
			"same-node " + v4 + " refused", "other-node " + v4 + " refused", "node " + v4 + " refused", "api-server " + v4 + " refused",
			"port-forward tunnel mine",
		}, want: []string{"the service listens on loopback only"}, why: "localhost answers (container, sibling); 10.244.1.5:9876: refused from everywhere, even from the pod's own containers", outer: 6},
		"loopback only, of which only the tunnel knows": {ips: v4, rows: []string{
			"container 127.0.0.1 -", "container " + v4 + " -", "same-node " + v4 + " refused", "port-forward tunnel mine",
		}, want: []string{"the service listens on loopback only"}, why: "localhost answers (port-forward)", outer: 1},
		"loopback of IPv4 only, of two families": {ips: v4 + " " + v6, rows: []string{
			"container 127.0.0.1 mine", "container ::1 refused", "container " + v4 + " refused", "container " + v6 + " refused",
			"same-node " + v4 + " refused", "same-node " + v6 + " refused", "port-forward tunnel mine",
		}, want: []string{"the service listens on loopback only"}, why: "10.244.1.5:9876 and [fd00:10:244:1::5]:9876", outer: 5},
		"IPv4 only, of two families": {ips: v4 + " " + v6, rows: []string{
			"container 127.0.0.1 mine", "container ::1 refused", "container " + v4 + " mine", "container " + v6 + " refused",
			"same-node " + v4 + " mine", "same-node " + v6 + " refused", "api-server " + v4 + " mine", "port-forward tunnel mine",
		}, want: []string{"the service listens on IPv4 only"}, why: "127.0.0.1:9876 answers; [fd00:10:244:1::5]:9876: refused", outer: 3},
		"IPv4 only, of two families, without a tool inside": {ips: v4 + " " + v6, rows: []string{
			"container 127.0.0.1 -", "same-node " + v4 + " mine", "same-node " + v6 + " refused", "port-forward tunnel mine",
		}, want: []string{"the service listens on IPv4 only"}, why: "10.244.1.5:9876 answers", outer: 1},
		"IPv4 only, in a cluster of IPv6": {ips: v6, rows: []string{
			"container 127.0.0.1 mine", "container ::1 refused", "container " + v6 + " refused",
			"same-node " + v6 + " refused", "api-server " + v6 + " refused", "port-forward tunnel mine",
		}, want: []string{"the service listens on IPv4 only (all of it, or 127.0.0.1 alone)"}, why: "127.0.0.1:9876 answers", outer: 4},
		"in a cluster of IPv6, of which only the tunnel knows": {ips: v6, rows: []string{
			"same-node " + v6 + " refused", "port-forward tunnel mine",
		}, want: []string{"the service listens on loopback only, or on IPv4 only"}, outer: 1},
		"IPv6 only, of two families": {ips: v4 + " " + v6, rows: []string{
			"container 127.0.0.1 refused", "container ::1 mine", "container " + v4 + " refused", "container " + v6 + " mine",
		}, want: []string{"the service listens on IPv6 only"}, outer: 2},
		"nothing listens": {ips: v4, rows: []string{
			"container 127.0.0.1 refused", "container " + v4 + " refused", "same-node " + v4 + " refused", "port-forward tunnel refused",
		}, want: []string{"nothing listens on port 9876 of the pod"}, outer: 4},
		"nothing listens, and the path drops": {ips: v4, rows: []string{
			"container 127.0.0.1 refused", "container " + v4 + " refused", "same-node " + v4 + " timeout", "other-node " + v4 + " timeout",
			"node " + v4 + " refused", "api-server " + v4 + " timeout", "port-forward tunnel refused",
		}, want: []string{"nothing listens on port 9876 of the pod", "something on the path drops the packets"}, why: "refused by the pod itself, to container, node; localhost refuses", outer: 7},
		"loopback only, and the path drops": {ips: v4, rows: []string{
			"container 127.0.0.1 mine", "container " + v4 + " refused", "same-node " + v4 + " timeout", "port-forward tunnel mine",
		}, want: []string{"the service listens on loopback only", "something on the path drops the packets"}, why: "refused by the pod itself, to container", outer: 2},
		"nothing listens, in two families": {ips: v4 + " " + v6, rows: []string{
			"container 127.0.0.1 refused", "container ::1 refused", "same-node " + v4 + " refused", "same-node " + v6 + " refused", "port-forward tunnel refused",
		}, want: []string{"nothing listens on port 9876 of the pod"}, why: "[fd00:10:244:1::5]:9876: refused", outer: 5},
		"somebody else, seen by two": {ips: v4, rows: []string{
			"same-node " + v4 + " theirs", "other-node " + v4 + " theirs",
		}, want: []string{"another program answers at 10.244.1.5:9876"}, why: "; other-node received version", outer: 2},
		"nothing listens, and localhost is not probed": {ips: v4, rows: []string{
			"same-node " + v4 + " refused", "port-forward tunnel -",
		}, want: []string{"nothing listens on 10.244.1.5:9876"}, why: "localhost could not be checked", outer: 1},
		"on the pod's address only": {ips: v4, rows: []string{
			"container 127.0.0.1 refused", "container " + v4 + " mine", "same-node " + v4 + " mine",
		}, want: []string{"the service listens on the pod's address only, not on 127.0.0.1"}, outer: 1},
		"dropped on the path": {ips: v4, rows: []string{
			"container " + v4 + " mine", "same-node " + v4 + " timeout", "other-node " + v4 + " timeout", "node " + v4 + " mine",
			"api-server " + v4 + " timeout", "port-forward tunnel mine",
		}, want: []string{"something on the path drops the packets"}, why: "no answer to same-node, other-node, api-server; it answers container, node; NetworkPolicies", outer: 3},
		"dropped on the path, and enforced while the last one probed": {ips: v4, rows: []string{
			"container " + v4 + " mine", "same-node " + v4 + " timeout", "other-node " + v4 + " timeout", "api-server " + v4 + " flaky",
		}, want: []string{"something on the path drops the packets", "some connections to 10.244.1.5:9876 fail"}, why: "no answer to same-node, other-node; it answers container; NetworkPolicies", outer: 3},
		"rejected on the path": {ips: v4, rows: []string{
			"container " + v4 + " mine", "same-node " + v4 + " unreachable", "other-node " + v4 + " unreachable",
		}, want: []string{"something on the path rejects, or has no route for, the packets"}, outer: 2},
		"dropped, seen from outside alone": {ips: v4, rows: []string{
			"container " + v4 + " -", "same-node " + v4 + " timeout", "other-node " + v4 + " timeout",
		}, want: []string{"something on the path drops the packets"}, outer: 2},
		"between nodes only": {ips: v4, rows: []string{
			"container " + v4 + " mine", "same-node " + v4 + " mine", "node " + v4 + " mine", "other-node " + v4 + " timeout", "api-server " + v4 + " mine",
		}, want: []string{"only traffic between nodes fails: from node-2 to node-1"}, outer: 1},
		"between nodes, of one family": {ips: v4 + " " + v6, rows: []string{
			"same-node " + v4 + " mine", "same-node " + v6 + " mine", "other-node " + v4 + " mine", "other-node " + v6 + " timeout",
		}, want: []string{"only traffic between nodes fails: from node-2 to node-1"}, why: "[fd00:10:244:1::5]:9876: no answer to other-node", outer: 1},
		"somebody else": {ips: v4, rows: []string{
			"container " + v4 + " mine", "other-node " + v4 + " theirs",
		}, want: []string{"another program answers at 10.244.1.5:9876"}, why: `that is pod "thief" on node-3`, outer: 1},
		"two at one address": {ips: v4, rows: []string{
			"container " + v4 + " mine", "other-node " + v4 + " both",
		}, want: []string{"another program answers at 10.244.1.5:9876"}, why: `another connection got "theirs"; that is pod "thief"`, outer: 1},
		"SNAT": {ips: v4, rows: []string{
			"same-node " + v4 + " mine 10.244.1.9 10.244.1.9", "other-node " + v4 + " mine 10.244.2.3 10.89.0.3",
		}, want: []string{"something translates addresses between pods (SNAT)"}, why: "other-node has the address 10.244.2.3, but was source-NATed to 10.89.0.3"},
		"flaky": {ips: v4, rows: []string{"same-node " + v4 + " mine", "other-node " + v4 + " flaky"},
			want: []string{"some connections to 10.244.1.5:9876 fail"}, why: "2 of 5 failed", outer: 1},
		"a flaky tunnel": {ips: v4, rows: []string{"same-node " + v4 + " mine", "port-forward tunnel flaky"},
			want: []string{"some connections to localhost:9876 fail"}, why: "port-forward: 2 of 5 failed", outer: 1},
		"something of its own": {ips: v4, rows: []string{"container " + v4 + " mine", "same-node " + v4 + " reset"},
			want: []string{"same-node cannot reach 10.244.1.5:9876"}, why: "reset", outer: 1},
		"all skipped": {ips: v4, rows: []string{"container " + v4 + " -", "same-node " + v4 + " -"}},
	} {
		t.Run(name, func(t *testing.T) {
			tab := table(t, tc.ips, tc.rows...)
			tab.Policies = []string{"deny-all"}
			tab.Owners = map[string]string{"theirs": `pod "thief" on node-3`}
			causes := explainTable(tab)
			var found []string
			for _, c := range causes {
				found = append(found, fmt.Sprintf("%s (%s)", c.What, c.Why))
				if c.Remedy == "" || c.Why == "" || c.Warning != strings.Contains(c.What, "SNAT") {
					t.Errorf("found %+v", c)
				}
			}
			if len(found) != len(tc.want) {
				t.Fatalf("expected %d causes, found %q", len(tc.want), found)
			}
			for i, want := range tc.want {
				if !strings.HasPrefix(found[i], want+" (") {
					t.Errorf("expected %q, found %q", want, found[i])
				}
			}
			if len(found) > 0 && !strings.Contains(found[0], tc.why) {
				t.Errorf("expected %q in %q", tc.why, found[0])
			}
			if n := tab.Count(v1alpha1.VantageFailed); n != tc.outer {
				t.Errorf("expected %d failed rows, found %d", tc.outer, n)
			}
		})
	}
}

func TestWhatIsSaidOfPolicies(t *testing.T) {
	for want, set := range map[string]func(*Table){
		`no NetworkPolicy in namespace "n" selects the pod`:                                                                      func(*Table) {},
		`NetworkPolicies of namespace "n" that select the pod: one, two`:                                                         func(t *Table) { t.Policies = []string{"one", "two"} },
		`no NetworkPolicy in namespace "n" selects the pod; NetworkPolicies that restrict what the probing pods send: no-egress`: func(t *Table) { t.EgressPolicies = []string{"no-egress"} },
		"NetworkPolicies could not be listed: networkpolicies is forbidden, jane":                                                func(t *Table) { t.PoliciesUnknown = "networkpolicies is forbidden, jane" },
	} {
		tab := table(t, v4, "container "+v4+" mine", "same-node "+v4+" timeout")
		set(tab)
		if causes := explainTable(tab); len(causes) != 1 || !strings.Contains(causes[0].Why, want) {
			t.Errorf("expected %q, found %+v", want, causes)
		}
	}
}

// TestATargetThatIsNotReady: what keeps it from being Ready explains what it refuses, and is a
// warning where it refuses nothing.
func TestATargetThatIsNotReady(t *testing.T) {
	crash := diagnose.Cause{What: `container "web" exited`, Why: "exit code 3", Remedy: "read its output", Container: "web"}
	deleted := diagnose.Cause{What: "the pod is being deleted", Why: "its grace period ends", Remedy: "probe another"}
	for name, tc := range map[string]struct {
		cause   diagnose.Cause
		found   string
		want    []string
		warning bool
	}{
		"crashed":         {crash, "refused", []string{crash.What}, false},
		"crashed, denied": {crash, "timeout", []string{"something on the path drops the packets", crash.What}, true},
		"answers":         {crash, "mine", []string{crash.What}, true},
		"deleted":         {deleted, "timeout", []string{deleted.What}, false},
		"ends":            {deleted, "mine", []string{deleted.What}, true},
	} {
		tab := table(t, v4, "same-node "+v4+" "+tc.found, "other-node "+v4+" "+tc.found)
		tab.Target.Cause = &tc.cause
		causes := explainTable(tab)
		var found []string
		for _, c := range causes {
			found = append(found, c.What)
		}
		if !slices.Equal(found, tc.want) || causes[len(causes)-1].Warning != tc.warning {
			t.Errorf("%s: expected %q, warning %t, found %+v", name, tc.want, tc.warning, causes)
		}
	}
	tab := table(t, v4, "container "+v4+" refused", "sibling "+v4+" refused")
	tab.Rows[0].Caller, tab.Rows[0].Cause, tab.Rows[1].Cause = "container web", &crash, &crash
	tab.Target.Cause = &crash
	if tab.excuseContainer(); tab.Rows[0].Cause != nil || tab.Rows[1].Cause == nil {
		t.Errorf("expected that only the container that crashed is excused, found %+v", tab.Rows)
	}
}

// TestAServiceThatWaitsForItsClient: that no answer comes through the API server is then no failure.
func TestAServiceThatWaitsForItsClient(t *testing.T) {
	for name, tc := range map[string]struct {
		connected bool
		want      []v1alpha1.VantageOutcome
	}{
		"it accepts connections": {true, []v1alpha1.VantageOutcome{v1alpha1.VantageMet, v1alpha1.VantageSkipped, v1alpha1.VantageSkipped}},
		"no connection stands":   {false, []v1alpha1.VantageOutcome{v1alpha1.VantageFailed, v1alpha1.VantageFailed, v1alpha1.VantageFailed}},
	} {
		tab := table(t, v4, "same-node "+v4+" timeout", "api-server "+v4+" timeout", "port-forward tunnel timeout")
		tab.Target.Version = ""
		tab.Rows[0].Result.Connected = tc.connected
		tab.excuseSilence()
		for i, want := range tc.want {
			if found := tab.Outcome(tab.Rows[i]); found != want {
				t.Errorf("%s: row %d: expected %s, found %s", name, i, want, found)
			}
		}
	}
}

// Without a readiness probe, a container that has just started is a reason why nothing listens.
func TestSinceWhenNothingListens(t *testing.T) {
	for _, tc := range []struct {
		age      time.Duration
		restarts int
		want     string
	}{
		{12 * time.Second, 0, "connections too; container web started 12 s ago"},
		{12 * time.Second, 1, "container web started 12 s ago, after 1 restart"},
		{59 * time.Second, 7, "container web started 59 s ago, after 7 restarts"},
		{2 * time.Minute, 7, "localhost refuses connections too"},
	} {
		tab := table(t, v4, "container 127.0.0.1 refused", "container "+v4+" refused")
		tab.Target.Container, tab.Target.Started, tab.Target.Restarts = "web", time.Now().Add(-tc.age), tc.restarts
		if causes := explainTable(tab); len(causes) != 1 || !strings.HasSuffix(causes[0].Why, tc.want) {
			t.Errorf("expected one cause that ends with %q, found %+v", tc.want, causes)
		}
	}
}

// A Pod's ports are what a wrong --port, or one of another protocol, is compared with.
func TestThePortsThatAPodDeclares(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Ports: []corev1.ContainerPort{{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}}},
		{Ports: []corev1.ContainerPort{{ContainerPort: 8080, Protocol: corev1.ProtocolTCP}, {Name: "metrics", ContainerPort: 9100, Protocol: corev1.ProtocolTCP}}},
	}}}
	const declared = "dns=53/UDP, 8080/TCP, metrics=9100/TCP"
	for name, want := range map[string]string{
		"": "8080 <nil>", "metrics": "9100 <nil>",
		"dns":  `0 pod "web": expected a TCP port named "dns", found ` + declared,
		"http": `0 pod "web": expected a TCP port named "http", found ` + declared,
	} {
		port, err := FindPort(pod, name)
		if found := fmt.Sprint(port, " ", err); found != want {
			t.Errorf("%q: expected %s, found %s", name, want, found)
		}
	}
	sidecar := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"kubectl.kubernetes.io/default-container": "web"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "proxy", Ports: []corev1.ContainerPort{{ContainerPort: 15090, Protocol: corev1.ProtocolTCP}}},
		{Name: "web", Ports: []corev1.ContainerPort{{ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}},
	}}}
	if port, err := FindPort(sidecar, ""); port != 8080 || err != nil {
		t.Errorf("a sidecar: expected the port of the default container, found %d, %v", port, err)
	}
	if port, err := FindPort(&corev1.Pod{}, ""); port != DefaultPort || err != nil {
		t.Errorf("no ports: expected %d, found %d, %v", DefaultPort, port, err)
	}
	tab := table(t, v4, "container 127.0.0.1 refused", "container "+v4+" refused")
	tab.Target.Declared = declaredPorts(pod)
	if causes := explainTable(tab); len(causes) != 1 || !strings.HasSuffix(causes[0].Why, "; the pod declares "+declared) {
		t.Errorf("expected one cause with the declared ports, found %+v", causes)
	}
}

// A program may begin to listen between a connection that fails and the one that finds out why.
func TestWhatMayListenSoonIsProbedAgain(t *testing.T) {
	notKnown := "Failed to connect to 127.0.0.1 port 9876 after 0 ms: Couldn't connect to server"
	for name, tc := range map[string]struct {
		result probe.Result
		want   bool
	}{
		"refused":              {probe.Result{Outcome: probe.Refused, Failed: 6, Err: "Connection refused"}, true},
		"answered when looked": {probe.Result{Outcome: probe.Answered, Version: "web-1", Answered: 1, Failed: 5, Err: notKnown}, true},
		"timed out":            {probe.Result{Outcome: probe.Timeout, Failed: 2, Err: "Connection timed out after 2000 milliseconds"}, false},
		"another answers":      {probe.Result{Outcome: probe.Answered, Version: "other", Answered: 5}, false},
		"answered":             {probe.Result{Outcome: probe.Answered, Version: "web-1", Answered: 5}, false},
	} {
		tab := &Table{Target: Target{Version: "web-1"}}
		if got := tab.mayListenSoon(Row{Expected: Reached, Result: tc.result}); got != tc.want {
			t.Errorf("%s: expected %t, found %t", name, tc.want, got)
		}
	}
}

// Of a Pod whose version is not known a connection is enough, whatever it speaks.
func TestAnUnknownServiceIsReachedByAConnection(t *testing.T) {
	for found, want := range map[string]v1alpha1.VantageOutcome{
		"theirs": v1alpha1.VantageMet, "protocol": v1alpha1.VantageMet, "refused": v1alpha1.VantageFailed,
		"timeout": v1alpha1.VantageFailed, "both": v1alpha1.VantageFailed, "flaky": v1alpha1.VantageFailed,
	} {
		tab := table(t, v4, "same-node "+v4+" "+found)
		tab.Target.Version = ""
		if got := tab.Outcome(tab.Rows[0]); got != want {
			t.Errorf("%s: expected %s, found %s", found, want, got)
		}
	}
}

func TestParseVantagePoints(t *testing.T) {
	if got, err := ParseVantagePoints(nil); err != nil || len(got) != len(vantageTable) {
		t.Errorf("found %v, %v", got, err)
	}
	if got, err := ParseVantagePoints([]string{"here", "container", "here"}); err != nil || fmt.Sprint(got) != "[container here]" {
		t.Errorf("found %v, %v", got, err)
	}
	if _, err := ParseVantagePoints([]string{"moon"}); err == nil || !strings.Contains(err.Error(), "expected some of container, sibling, ") {
		t.Errorf("found %v", err)
	}
}

// Where a fault keeps a place from probing, it is the cause, once, and the run is no failed claim;
// what a healthy cluster may have, too, is a warning.
func TestAFaultThatKeepsFromProbing(t *testing.T) {
	for _, harmless := range []bool{false, true} {
		tab := table(t, "10.244.1.2", "container 127.0.0.1 mine", "same-node 10.244.1.2 -", "other-node 10.244.1.2 -")
		for _, i := range []int{1, 2} {
			tab.Rows[i].Cause = &diagnose.Cause{What: "the tunnel does not work", Why: "502", Remedy: "look at it", Harmless: harmless}
		}
		var r v1alpha1.Reach
		tab.AddTo(&r)
		want := v1alpha1.CouldNotRun
		if harmless {
			want = v1alpha1.Passed
		}
		if r.Verdict != want || len(r.Causes) != 1 || r.Causes[0] != (v1alpha1.ReachCause{What: "the tunnel does not work", Why: "502", Remedy: "look at it", Warning: harmless}) {
			t.Errorf("harmless %t: expected %s and one cause, found %s, %+v", harmless, want, r.Verdict, r.Causes)
		}
	}
}

func TestAProxyThatAnswersForTheService(t *testing.T) {
	tab := table(t, "10.244.1.2", "other-node 10.244.1.2 mine")
	tab.Rows[0].Own, tab.Rows[0].Result.From = []netip.Addr{netip.MustParseAddr("10.244.2.2")}, netip.MustParseAddr("127.0.0.6")
	causes := explainTable(tab)
	if len(causes) != 1 || !causes[0].Warning || !strings.HasPrefix(causes[0].What, "a proxy in the pod answers for its service") {
		t.Errorf("expected the proxy, found %+v", causes)
	}
}

// An API server that is not part of the pod network is no fault, where all others reach the Pod.
func TestAnAPIServerOutsideThePodNetwork(t *testing.T) {
	for name, tc := range map[string]struct {
		rows    []string
		verdict v1alpha1.Verdict
	}{
		"it alone":         {[]string{"container 10.244.1.2 mine", "other-node 10.244.1.2 mine", "api-server 10.244.1.2 timeout"}, v1alpha1.Passed},
		"another one, too": {[]string{"container 10.244.1.2 mine", "other-node 10.244.1.2 timeout", "api-server 10.244.1.2 timeout"}, v1alpha1.ClaimFailed},
		"nobody outside":   {[]string{"container 10.244.1.2 mine", "api-server 10.244.1.2 timeout"}, v1alpha1.ClaimFailed},
	} {
		tab := table(t, "10.244.1.2", tc.rows...)
		tab.excuseAPIServer()
		var report v1alpha1.Reach
		tab.AddTo(&report)
		if report.Verdict != tc.verdict || len(report.Causes) != 1 {
			t.Fatalf("%s: expected %s and one cause, found %s, %+v", name, tc.verdict, report.Verdict, report.Causes)
		}
		const outside = "the API server cannot reach the pod at 10.244.1.2:9876 through its proxy"
		if found := report.Causes[0].What; (found == outside) != (tc.verdict == v1alpha1.Passed) {
			t.Errorf("%s: found the cause %q", name, found)
		}
	}
}
