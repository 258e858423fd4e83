package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// inCluster are all places but this machine, which may only be probed where it
// sees nothing but the API server.
const inCluster = "container,sibling,same-node,other-node,node,api-server,port-forward"

// reachPod runs `kubectl kbe reach`, and returns its report and its exit code.
func reachPod(t *testing.T, args ...string) (*v1alpha1.Reach, int) {
	t.Helper()
	args = append([]string{"reach", "-o", "json"}, args...)
	if embedded == nil {
		args = append(args, "--from", inCluster)
	}
	c := plugin(t, args...)
	if embedded != nil {
		embedded.Outside(c)
	}
	stdout, stderr, code := outcome(t, c)
	r := &v1alpha1.Reach{}
	if err := json.Unmarshal([]byte(stdout), r); err != nil {
		t.Fatalf("kubectl kbe %v: exit code %d: %v\n%s%s", args, code, err, stdout, stderr)
	}
	if r.Cleanup != nil && r.Cleanup.Error != "" {
		t.Errorf("cleanup: %+v", r.Cleanup)
	}
	return r, code
}

// found reports what became of the rows of a place: "Met answered", "Skipped ".
func found(r *v1alpha1.Reach, place string) []string {
	var out []string
	for _, v := range r.Vantages {
		if v.Place == place {
			out = append(out, strings.TrimSpace(string(v.Outcome)+" "+v.Found))
		}
	}
	return slices.Compact(out)
}

// assertFound asserts what became of all rows of places.
func assertFound(t *testing.T, r *v1alpha1.Reach, want map[string]string) {
	t.Helper()
	for place, what := range want {
		if got := found(r, place); len(got) != 1 || got[0] != what {
			t.Errorf("%s: expected %q, found %q", place, what, got)
		}
	}
	if t.Failed() {
		for _, v := range r.Vantages {
			t.Logf("%+v", v)
		}
	}
}

// assertCause asserts that there is one cause.
func assertCause(t *testing.T, r *v1alpha1.Reach, what, why string) {
	t.Helper()
	if len(r.Causes) != 1 || r.Causes[0].What != what || !strings.Contains(r.Causes[0].Why, why) {
		t.Errorf("expected the cause %q, with %q, found %+v", what, why, r.Causes)
	}
}

func TestATargetOfItsOwnIsReachedFromEverywhere(t *testing.T) {
	r, code := reachPod(t)
	if code != 0 || r.Verdict != v1alpha1.Passed || len(r.Causes) != 0 {
		t.Errorf("expected that it passes, found exit code %d, %s, %+v", code, r.Verdict, r.Causes)
	}
	want := map[string]string{
		"container": "Met answered", "sibling": "Met answered", "same-node": "Met answered", "other-node": "Met answered",
		"node": "Met answered", "api-server": "Met answered", "port-forward": "Met answered",
	}
	if len(schedulableNodes(t.Context(), t)) == 1 {
		want["other-node"] = "Skipped"
	}
	if embedded != nil {
		want["here"] = "Lesson unreachable"
	}
	assertFound(t, r, want)
	for _, v := range r.Vantages {
		if v.Outcome == v1alpha1.VantageMet && (v.Version != r.Target.Version || v.P50Microseconds == 0 || v.Answered < 5 || v.SNAT) {
			t.Errorf("expected five answers of the target, %q, found %+v", r.Target.Version, v)
		}
	}
	assertNoNamespace(t, r.Run.Namespace)
}

func TestTheTruthTableFitsATerminal(t *testing.T) {
	c := plugin(t, "reach", "--from", "container,same-node,api-server")
	stdout, stderr, code := outcome(t, c)
	if code != 0 || !strings.Contains(stdout, "✓ pod, same node") || !strings.Contains(stdout, "places. Finished in ") {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	for line := range strings.Lines(stdout) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	assertNoNamespace(t, namespaceOf(t, stdout))
}

// bound is a Pod "web" of the service that listens on one address, with a sibling.
func (f *fixture) bound(node, bind string) *corev1.Pod {
	sise := f.sise(envconf.RandomName("web", 20))
	sise.Env = append(sise.Env, corev1.EnvVar{Name: "BIND", Value: bind})
	pod := f.pod("web", node, sise, f.shell())
	pod.Spec.TerminationGracePeriodSeconds = new(int64)
	return pod
}

// assertUntouched asserts that a Pod is the only one that a run left, as it was.
func (f *fixture) assertUntouched(pod *corev1.Pod) {
	f.t.Helper()
	list, err := client(f.t).CoreV1().Pods(pod.Namespace).List(f.t.Context(), metav1.ListOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, p := range list.Items {
		if p.Name != pod.Name && p.Labels[session.RunLabel] != f.session.ID {
			f.t.Errorf("pod %q was left behind", p.Name)
		}
		if p.Name == pod.Name && (p.UID != pod.UID || p.ResourceVersion != pod.ResourceVersion) {
			f.t.Errorf("pod %q was touched: %s, then %s", p.Name, pod.ResourceVersion, p.ResourceVersion)
		}
	}
}

func TestAPodThatListensOnLoopbackOnly(t *testing.T) {
	f := newFixture(t, "loopback")
	pod := f.start(f.bound("", "127.0.0.1"))
	r, code := reachPod(t, "web", "-n", f.session.Namespace)
	if code != 1 || r.Verdict != v1alpha1.ClaimFailed {
		t.Errorf("expected exit code 1, found %d, %s", code, r.Verdict)
	}
	assertCause(t, r, "the service listens on loopback only", "refused from everywhere, even from the pod's own containers")
	assertFound(t, r, map[string]string{
		"same-node": "Failed refused", "node": "Failed refused", "api-server": "Failed refused", "port-forward": "Met answered",
	})
	f.assertUntouched(pod)
	results.reach(20, "a service that listens on loopback only; kubectl kbe reach", r, code)
}

// isolate creates a NetworkPolicy that denies all traffic to, or from, the Pods with a label.
func (f *fixture) isolate(name string, labels map[string]string, direction networkingv1.PolicyType) {
	f.t.Helper()
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: labels}, PolicyTypes: []networkingv1.PolicyType{direction}},
	}
	if _, err := client(f.t).NetworkingV1().NetworkPolicies(f.session.Namespace).Create(f.t.Context(), policy, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func TestAPodBehindADenyRule(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs the packet filter of the embedded cluster")
	}
	f := newFixture(t, "denied")
	web := f.bound("", "0.0.0.0")
	// Ready before its program listens, as a Pod without a readiness probe may be.
	service := &web.Spec.Containers[0]
	service.Lifecycle = nil
	service.Command = append([]string{"bash", "-c", "sleep 3; exec \"$@\"", "late"}, service.Command...)
	pod := f.start(web)
	if err := embedded.SetFault(t.Context(), "deny", pod.Status.PodIP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := embedded.ClearFault(context.Background(), "deny"); err != nil {
			t.Error(err)
		}
	})
	r, code := reachPod(t, "web", "-n", f.session.Namespace)
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	assertCause(t, r, "something on the path drops the packets", `no NetworkPolicy in namespace "`+f.session.Namespace+`" selects the pod`)
	assertFound(t, r, map[string]string{
		"container": "Met answered", "sibling": "Met answered", "same-node": "Failed timeout", "other-node": "Failed timeout", "port-forward": "Met answered",
	})
}

// TestAPodBehindANetworkPolicy: the policy is named while it is there.
func TestAPodBehindANetworkPolicy(t *testing.T) {
	if embedded == nil {
		t.Skip("needs a cluster that is known to enforce NetworkPolicies")
	}
	f := newFixture(t, "policy")
	web := f.bound("", "0.0.0.0")
	web.Labels = map[string]string{"app": "web"}
	pod := f.start(web)
	f.isolate("web-from-nowhere", map[string]string{"app": "web"}, networkingv1.PolicyTypeIngress)
	f.isolate("db-from-nowhere", map[string]string{"app": "db"}, networkingv1.PolicyTypeIngress)
	// The agents of the nodes learn of a policy as the kubelets do of a Pod: a moment later.
	var r *v1alpha1.Reach
	code := 0
	eventually(t, "the policy is enforced", func(context.Context) bool {
		r, code = reachPod(t, "web", "-n", f.session.Namespace)
		return code == 1
	})
	assertCause(t, r, "something on the path drops the packets", "; NetworkPolicies of namespace \""+f.session.Namespace+"\" that select the pod: web-from-nowhere")
	if strings.Contains(r.Causes[0].Why, "db-from-nowhere") {
		t.Errorf("expected only the policy that selects the pod, found %s", r.Causes[0].Why)
	}
	assertFound(t, r, map[string]string{
		"container": "Met answered", "sibling": "Met answered", "same-node": "Failed timeout", "other-node": "Failed timeout",
		"node": "Met answered", "api-server": "Failed timeout", "port-forward": "Met answered",
	})
	results.reach(21, "a default-deny NetworkPolicy; kubectl kbe reach", r, code)

	policies := client(t).NetworkingV1().NetworkPolicies(f.session.Namespace)
	if err := policies.Delete(t.Context(), "web-from-nowhere", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod is reachable again", func(context.Context) bool {
		r, code = reachPod(t, "web", "-n", f.session.Namespace)
		return code == 0
	})
	f.assertUntouched(pod)
}

// TestAPolicyOnWhatIsSentIsNamed: it keeps the run's pods from probing, and no policy selects the target
// for what it receives.
func TestAPolicyOnWhatIsSentIsNamed(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs a cluster that is known to enforce NetworkPolicies")
	}
	f := newFixture(t, "egress")
	f.start(f.bound("", "0.0.0.0"))
	f.isolate("send-nothing", nil, networkingv1.PolicyTypeEgress)
	var r *v1alpha1.Reach
	eventually(t, "the policy is enforced", func(context.Context) bool {
		code := 0
		r, code = reachPod(t, "web", "-n", f.session.Namespace)
		return code == 1
	})
	assertCause(t, r, "something on the path drops the packets",
		`no NetworkPolicy in namespace "`+f.session.Namespace+`" selects the pod; NetworkPolicies that restrict what the probing pods send: send-nothing`)
	r = matrixOf(t, plugin(t, "reach", "--nodes", "-n", f.session.Namespace), 1)
	if len(r.Matrix.Findings) != 1 || !strings.HasSuffix(r.Matrix.Findings[0].Cause, "NetworkPolicies that select the run's pods: send-nothing") {
		t.Errorf("--nodes: expected the policy, found %+v", r.Matrix.Findings)
	}
}

// listener is a container whose program serves each connection to a port by a statement of Python.
func (f *fixture) listener(name string, port int32, statement string) corev1.Container {
	program := "import socketserver\nclass H(socketserver.StreamRequestHandler):\n  def handle(self): " + statement +
		"\nsocketserver.ThreadingTCPServer(('', " + fmt.Sprint(port) + "), H).serve_forever()"
	return corev1.Container{Name: name, Image: f.image, Command: []string{"python3", "-c", program}, Ports: []corev1.ContainerPort{{Name: name, ContainerPort: port}}}
}

// TestAServiceOfTheUsersOwn: on the ports that it declares, whatever it speaks.
func TestAServiceOfTheUsersOwn(t *testing.T) {
	if embedded == nil {
		t.Skip("needs the image with Python on each node")
	}
	f := newFixture(t, "own")
	notFound := `self.rfile.readline(); self.wfile.write(b'HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>none</p>')`
	pod := f.pod("own", "", f.listener("http", 8080, notFound), f.listener("mysql", 3306, "self.wfile.write(b'5.7 mysql')"), f.listener("closes", 9000, "pass"))
	pod.Spec.TerminationGracePeriodSeconds = new(int64)
	f.start(pod)
	for port, number := range map[string]int{"": 8080, "mysql": 3306, "9000": 9000} {
		r, code := reachPod(t, "own", "-n", f.session.Namespace, "--port", port)
		if code != 0 || r.Target.Port != number || len(r.Causes) != 0 {
			t.Errorf("--port %q: expected exit code 0 and port %d, found %d, %+v, %+v", port, number, code, r.Target, r.Causes)
		}
		for _, v := range r.Vantages {
			if v.Place != "here" && (v.Outcome != v1alpha1.VantageMet || v.P50Microseconds == 0) {
				t.Errorf("--port %q: expected that it is reached, with a latency, found %+v", port, v)
			}
		}
	}
}

// TestAPodThatCrashes: why it does not run is the cause, and no fault of the cluster.
func TestAPodThatCrashes(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "crash")
	container := f.shell()
	container.Command = []string{"sh", "-c", "exit 3"}
	if _, err := client(t).CoreV1().Pods(f.session.Namespace).Create(t.Context(), f.pod("crash", "", container), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the container waits before it starts again", func(ctx context.Context) bool {
		pod, err := client(t).CoreV1().Pods(f.session.Namespace).Get(ctx, "crash", metav1.GetOptions{})
		return err == nil && len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].State.Waiting != nil && pod.Status.ContainerStatuses[0].RestartCount > 1
	})
	r, code := reachPod(t, "crash", "-n", f.session.Namespace)
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	assertCause(t, r, `container "shell" of pod "crash" exited`, "exit code 3")
	assertFound(t, r, map[string]string{"container": "Skipped", "same-node": "Failed refused", "port-forward": "Failed refused"})
}

// TestAPodCannotHaveTheUsersCredentials: it answers with a redirect, which the API server's proxy passes on.
func TestAPodCannotHaveTheUsersCredentials(t *testing.T) {
	if embedded == nil {
		t.Skip("needs the image with Python on each node")
	}
	visits := make(chan http.Header, 10)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { visits <- r.Header }))
	defer elsewhere.Close()
	f := newFixture(t, "redirect")
	f.start(f.pod("astray", "", f.listener("http", 8080, `self.rfile.readline(); self.wfile.write(b'HTTP/1.1 302 Found\r\nLocation: `+elsewhere.URL+`\r\n\r\n')`)))
	stdout, stderr, code := outcome(t, plugin(t, "reach", "astray", "-n", f.session.Namespace, "--from", "api-server"))
	if code != 0 || !strings.Contains(stdout, "✓ API server") {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	select {
	case header := <-visits:
		t.Errorf("expected that the redirect is not followed, found a request with %v", header)
	default:
	}
}

func TestAPodThatOtherNodesDoNotReach(t *testing.T) {
	exhaustive(t)
	nodes := schedulableNodes(t.Context(), t)
	if embedded == nil || len(nodes) < 2 {
		t.Skip("needs nodes that can be cut off from each other")
	}
	f := newFixture(t, "cut-off")
	f.start(f.bound(nodes[0], "0.0.0.0"))
	t.Cleanup(func() {
		if err := embedded.ClearFault(context.Background(), "partition"); err != nil {
			t.Error(err)
		}
	})
	for _, other := range nodes[1:] {
		if err := embedded.SetFault(t.Context(), "partition", nodes[0], other); err != nil {
			t.Fatal(err)
		}
	}
	r, code := reachPod(t, "web", "-n", f.session.Namespace)
	if code != 1 || len(r.Causes) != 1 || !strings.HasPrefix(r.Causes[0].What, "only traffic between nodes fails: from node-") || !strings.HasSuffix(r.Causes[0].What, "to "+nodes[0]) {
		t.Errorf("expected exit code 1 and both nodes, found %d, %+v", code, r.Causes)
	}
	assertFound(t, r, map[string]string{"same-node": "Met answered", "other-node": "Failed timeout", "node": "Met answered", "api-server": "Met answered"})
}

// TestAnIPv4ServiceInAClusterOfIPv6 has its own cluster.
func TestAnIPv4ServiceInAClusterOfIPv6(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs a cluster of IPv6, which only kbe-cluster can make")
	}
	second := provider.NewEmbedded()
	second.WithName(envconf.RandomName("kbe-v6", 12)).WithVersion(*kubernetesFlag)
	t.Cleanup(func() {
		if err := second.Destroy(context.Background()); err != nil {
			t.Error(err)
		}
	})
	kubeconfig, err := second.Create(t.Context(), "--nodes", "1", "--ip-family", "ipv6")
	if err != nil {
		t.Fatal(err)
	}
	first, firstKube := embedded, kube
	t.Cleanup(func() { embedded, kube = first, firstKube })
	embedded, kube = second, genericclioptions.NewConfigFlags(true)
	kube.KubeConfig = &kubeconfig

	f := newFixture(t, "ipv4-only")
	f.start(f.bound("", "0.0.0.0"))
	r, code := reachPod(t, "web", "-n", f.session.Namespace)
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	assertCause(t, r, "the service listens on IPv4 only (all of it, or 127.0.0.1 alone)", "127.0.0.1:9876 answers")
	assertFound(t, r, map[string]string{"same-node": "Failed refused", "other-node": "Skipped", "port-forward": "Met answered"})

	results.reach(36, "a service that knows IPv4 only, in a cluster of IPv6; kubectl kbe reach", r, code)

	healthy, code := reachPod(t, "--from", "container,same-node,node,api-server")
	if code != 0 || len(healthy.Causes) != 0 {
		t.Errorf("expected that a target of its own is reached by IPv6, found exit code %d, %+v", code, healthy.Causes)
	}
}

func TestARestrictedNamespaceSkipsTheNode(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "restricted")
	patch := `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`
	if _, err := client(t).CoreV1().Namespaces().Patch(t.Context(), f.session.Namespace, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	r, code := reachPod(t, "-n", f.session.Namespace)
	if code != 0 || !r.Hardened {
		t.Errorf("expected exit code 0 and hardened pods, found %d, %+v", code, r)
	}
	assertFound(t, r, map[string]string{"container": "Met answered", "same-node": "Met answered", "node": "Skipped", "api-server": "Met answered"})
	if stdout, _, _ := outcome(t, plugin(t, "reach", "-n", f.session.Namespace, "--from", "container")); !strings.Contains(stdout, "✓ same container") {
		t.Errorf("expected the table on the terminal, too, found:\n%s", stdout)
	}
	i := slices.IndexFunc(r.Vantages, func(v v1alpha1.Vantage) bool { return v.Place == "node" })
	if !strings.Contains(r.Vantages[i].Skipped, "restricted, which forbids hostNetwork") {
		t.Errorf("found the reason %q", r.Vantages[i].Skipped)
	}
}

// TestWhatAUserMayNotDoIsSkipped has a user who may make Pods and exec in them, and
// nothing beyond.
func TestWhatAUserMayNotDoIsSkipped(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "jane")
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "jane"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"create", "get", "list", "watch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create", "get"}},
		{APIGroups: []string{""}, Resources: []string{"pods/log", "events"}, Verbs: []string{"get", "list", "watch"}},
	}}
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "jane"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "jane"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "jane"}}}
	api := client(t).RbacV1()
	if _, err := api.Roles(f.session.Namespace).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.RoleBindings(f.session.Namespace).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	r, code := reachPod(t, "--as", "jane", "-n", f.session.Namespace)
	if code != 0 {
		t.Errorf("expected exit code 0, found %d, %s", code, r.Error)
	}
	assertFound(t, r, map[string]string{"container": "Met answered", "same-node": "Met answered", "api-server": "Skipped", "port-forward": "Skipped"})
	for _, v := range r.Vantages {
		if resource, ok := map[string]string{"api-server": "pods/proxy", "port-forward": "pods/portforward"}[v.Place]; ok && !strings.HasPrefix(v.Skipped, resource+" is not permitted: ") {
			t.Errorf("%s: found the reason %q", v.Place, v.Skipped)
		}
	}

	// Of a Pod that is there all else is skipped where not even Pods may be made.
	role.Rules = []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}},
		{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create", "get"}},
	}
	if _, err := api.Roles(f.session.Namespace).Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	f.start(f.bound("", "0.0.0.0"))
	r, code = reachPod(t, "web", "--as", "jane", "-n", f.session.Namespace)
	if code != 0 {
		t.Errorf("expected exit code 0, found %d, %s", code, r.Error)
	}
	assertFound(t, r, map[string]string{"container": "Met answered", "same-node": "Skipped", "other-node": "Skipped", "node": "Skipped"})
}

// TestAnImageWithoutToolsIsNotCheckedFromWithin: that is not the same as a service
// that is down.
func TestAnImageWithoutToolsIsNotCheckedFromWithin(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs an image that has nothing to ask with, on each node")
	}
	f := newFixture(t, "bare")
	f.start(f.pod("bare", "", corev1.Container{Name: "pause", Image: "registry.k8s.io/pause:3.10.1"}))
	r, code := reachPod(t, "bare", "-n", f.session.Namespace)
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	assertFound(t, r, map[string]string{"container": "Skipped", "sibling": "Skipped", "same-node": "Failed refused", "port-forward": "Failed refused"})
	if v := r.Vantages[0]; v.Skipped != "cannot check: the container has no curl" {
		t.Errorf("found the reason %q", v.Skipped)
	}
	if len(r.Causes) == 0 || !strings.HasPrefix(r.Causes[0].Why, "refused from every place that was probed; localhost could not be checked; container pause started ") {
		t.Errorf("found %+v", r.Causes)
	}
}

// What was probed when the time is over is shown, and what was not is not said to fail.
func TestReachShowsWhatItHasFoundWhenItsTimeIsOver(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "short")
	f.start(f.bound("", "0.0.0.0"))
	f.isolate("silent", nil, networkingv1.PolicyTypeEgress)
	// A pod gives up after 2 s; the API server is answered within milliseconds.
	r, code := reachPod(t, "web", "-n", f.session.Namespace, "--from", "api-server,same-node", "--timeout", "2200ms")
	if code != 3 || r.Error != "timed out after 2.2s" {
		t.Errorf("expected exit code 3, and the timeout, found %d, %s", code, r.Error)
	}
	assertFound(t, r, map[string]string{"api-server": "Met answered", "same-node": "Skipped"})
}

func TestReachSaysWhyItCannotRun(t *testing.T) {
	for want, args := range map[string][]string{
		`pod "nobody" not found in namespace "default"`: {"reach", "nobody", "-n", "default", "--from", "container"},
		`namespace "nowhere" does not exist`:            {"reach", "-n", "nowhere", "--from", "container"},
		// Its own time is no fault of the API server.
		"reach: could not run: timed out after 1ms": {"reach", "--nodes", "--timeout", "1ms"},
		"timed out after 10ms":                      {"reach", "--from", "container", "--timeout", "10ms"},
	} {
		if _, stderr, code := outcome(t, plugin(t, args...)); code != 3 || !strings.Contains(flat(stderr), want) {
			t.Errorf("%v: expected exit code 3 and %q, found %d: %s", args, want, code, stderr)
		}
	}
}

// A pod that does not exist is known before anything is made.
func TestAPodThatDoesNotExistIsKnownBeforeANamespaceIsMade(t *testing.T) {
	stdout, stderr, code := outcome(t, plugin(t, "reach", "nobody"))
	if want := `pod "nobody" not found in namespace "default"`; code != 3 || stdout != "" || !strings.Contains(flat(stderr), want) {
		t.Errorf("expected exit code 3, %q and no namespace, found %d: %s%s", want, code, stdout, stderr)
	}
}

// A port on which nothing listens is one cause, whatever refuses: also the tunnel.
func TestAWrongPortIsReportedOnce(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "port")
	f.start(f.bound("", "0.0.0.0"))
	r, code := reachPod(t, "web", "-n", f.session.Namespace, "--port", "9877")
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	assertCause(t, r, "nothing listens on port 9877 of the pod", "localhost refuses connections too")
	assertFound(t, r, map[string]string{"same-node": "Failed refused", "port-forward": "Failed refused"})
}

func TestAnInterruptedReachLeavesNothing(t *testing.T) {
	exhaustive(t)
	c := plugin(t, "reach", "--from", inCluster)
	story, code := runUntil(t, c, "Namespace kbe-reach-", func(io.Closer) { _ = c.Process.Signal(syscall.SIGINT) })
	if code != 130 {
		t.Errorf("expected exit code 130, found %d:\n%s", code, story)
	}
	assertNoNamespace(t, namespaceOf(t, story))
}
