package diagnose

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// What curl in a Pod said under `kbe-cluster fault set partition`.
const partitioned = "curl: (28) Connection timed out after 10001 milliseconds"

func callerOn(name, node string) *corev1.Pod {
	pod := onNode(node)
	pod.Name, pod.Namespace = name, "n"
	return pod
}

func TestAPodThatDoesNotAnswerAnother(t *testing.T) {
	for name, tc := range map[string]struct {
		unanswered        Unanswered
		what, why, remedy string
	}{
		"and answers one on its own node": {
			Unanswered{From: callerOn("far", "node-2"), To: callerOn("target", "node-1"), Said: partitioned, Answered: []*corev1.Pod{callerOn("near", "node-1")}},
			`pod "far" on node "node-2" got no answer from pod "target" on node "node-1": the network between these nodes fails`,
			partitioned + `; it did answer pod "near" on node "node-1"`, "kubectl kbe reach --nodes",
		},
		"and answers one on a third node": {
			Unanswered{From: callerOn("far", "node-2"), To: callerOn("target", "node-1"), Said: partitioned, Answered: []*corev1.Pod{callerOn("near", "node-3")}},
			`pod "far" on node "node-2" got no answer from pod "target" on node "node-1"`,
			partitioned + `; it did answer pod "near" on node "node-3"`, "kubectl kbe reach target -n n",
		},
		"on the same node": {
			Unanswered{From: callerOn("client", "node-1"), To: callerOn("sise", "node-1"), Said: partitioned},
			`pod "client" got no answer from pod "sise", on the same node "node-1"`, partitioned, "kubectl kbe reach sise -n n",
		},
	} {
		c := tc.unanswered.Cause()
		if c == nil || c.What != tc.what || c.Why != tc.why || !strings.HasSuffix(c.Remedy, tc.remedy) {
			t.Errorf("%s: found %+v", name, c)
		}
	}
	for _, said := range []string{"curl: (7) Failed to connect to 10.244.1.2 port 9876: Connection refused", "curl: (52) Empty reply from server", ""} {
		if c := (Unanswered{From: callerOn("a", "x"), To: callerOn("b", "y"), Said: said}).Cause(); c != nil {
			t.Errorf("%q: expected no cause, found %+v", said, c)
		}
	}
}

func TestAProxyThatAdmissionAdded(t *testing.T) {
	const answer = `{"host": "10.244.1.2:9876", "version": "0.5.0", "from": "127.0.0.6"}`
	if c := Proxied(answer, []string{"istio-proxy"}); c == nil || !strings.Contains(c.What, "(container istio-proxy) answers for the service") {
		t.Errorf("expected the proxy, found %+v", c)
	}
	if c := Proxied(answer, nil); c != nil {
		t.Errorf("nothing was added: expected no cause, found %+v", c)
	}
	if c := Proxied(strings.ReplaceAll(answer, "127.0.0.6", "10.244.2.2"), []string{"istio-proxy"}); c != nil {
		t.Errorf("the caller's own address: expected no cause, found %+v", c)
	}
}
