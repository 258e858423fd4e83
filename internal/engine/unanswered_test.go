package engine

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

func TestWhoGotNoAnswerFromWhom(t *testing.T) {
	r := &runner{watcher: &watcher{pods: map[types.UID]*corev1.Pod{}}}
	for name, at := range map[string][2]string{
		"target": {"10.244.1.2", "node-1"}, "near": {"10.244.1.3", "node-1"}, "far": {"10.244.2.2", "node-2"}, "other": {"10.244.1.22", "node-1"},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "n"}, Spec: corev1.PodSpec{NodeName: at[1]}}
		pod.Status.PodIPs = []corev1.PodIP{{IP: at[0]}, {IP: "fd00::" + at[0][7:8] + ":" + at[0][9:]}}
		r.watcher.pods[types.UID(name)] = pod
	}
	get := func(from, url string) []string { return []string{"kubectl", "exec", from, "--", "curl", "-sS", url} }
	timedOut := kubectl.Result{ExitCode: 28, Remote: true, Stderr: "curl: (28) Connection timed out after 10001 milliseconds\ncommand terminated with exit code 28\n"}
	r.succeeded(get("near", "10.244.1.2:9876/info"))
	r.succeeded(get("near", "10.244.1.22:9876/info")) // another target
	r.succeeded(get("target", "localhost:9876/info"))

	none := func(*corev1.Pod, *corev1.Pod) []string { return nil }
	const why = `curl: (28) Connection timed out after 10001 milliseconds; it did answer pod "near" on node "node-1"`
	for _, url := range []string{"10.244.1.2:9876/info", "http://10.244.1.2/info", "http://[fd00::1:2]:9876/info"} {
		if c, denied := r.unanswered(get("far", url), timedOut, none); denied || c == nil || c.Why != why ||
			c.What != `pod "far" on node "node-2" got no answer from pod "target" on node "node-1": the network between these nodes fails` {
			t.Errorf("%s: found %+v", url, c)
		}
	}
	refused := kubectl.Result{ExitCode: 7, Remote: true, Stderr: "curl: (7) Failed to connect to 10.244.1.2 port 9876: Connection refused\n"}
	for name, tc := range map[string]struct {
		words []string
		res   kubectl.Result
	}{
		"refused":     {get("far", "10.244.1.2:9876"), refused},
		"nobody":      {get("far", "10.9.9.9:9876"), timedOut},
		"the machine": {[]string{"kubectl", "get", "--raw", "/10.244.1.2:9876"}, timedOut},
		"itself":      {get("far", "10.244.2.2:9876"), timedOut},
	} {
		if c, denied := r.unanswered(tc.words, tc.res, none); c != nil || denied {
			t.Errorf("%s: expected no cause, found %v", name, c)
		}
	}

	// Another Pod did get an answer from the target, none from the other one's address.
	deny := func(*corev1.Pod, *corev1.Pod) []string { return []string{"default-deny"} }
	if c, denied := r.unanswered(get("far", "10.244.1.2:9876"), timedOut, deny); denied || c == nil || c.Why != why {
		t.Errorf("answered before: found %+v, denied %t", c, denied)
	}
	if c, denied := r.unanswered(get("near", "10.244.2.2:9876"), timedOut, deny); !denied || c == nil ||
		c.What != `pod "near" got no answer from pod "far"; NetworkPolicies of namespace "n" restrict the traffic between them: default-deny` {
		t.Errorf("never answered: found %+v, denied %t", c, denied)
	}
}

func TestNamesAddress(t *testing.T) {
	pod := &corev1.Pod{Status: corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}, {IP: "fd00::1"}}}}
	for word, want := range map[string]bool{
		"10.0.0.1": true, "10.0.0.1:9876/info": true, "http://10.0.0.1": true, "https://[fd00::1]:9876/": true, "fd00:0::1": true,
		"curl -sS 10.0.0.1:9876; echo": true, "nc -z fd00::1 80": true,
		"10.0.0.12": false, "110.0.0.1": false, "fd00::12": false, "10.0.0": false, "sise": false, "beef": false,
	} {
		if found := namesAddress([]string{"exec", word}, pod); found != want {
			t.Errorf("%q: expected %t, found %t", word, want, found)
		}
	}
}
