package e2e

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// killed runs the pods page, and kills it once its first pod is ready. It returns
// the run's ID.
func killed(t *testing.T, args ...string) (run string) {
	t.Helper()
	c := plugin(t, append([]string{"pods"}, args...)...)
	story, _ := runUntil(t, c, "condition met", func(io.Closer) {
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
	})
	_, run, _ = strings.Cut(namespaceOf(t, story), "kbe-pods-")
	return run
}

// labelled are the Pods of runs in a Namespace, by run.
func labelled(t *testing.T, namespace string) map[string][]corev1.Pod {
	t.Helper()
	pods, err := client(t).CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{LabelSelector: session.RunLabel})
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string][]corev1.Pod{}
	for _, p := range pods.Items {
		runs[p.Labels[session.RunLabel]] = append(runs[p.Labels[session.RunLabel]], p)
	}
	return runs
}

func TestAKilledRunIsReportedAndCleanedUp(t *testing.T) {
	t.Parallel()
	run := killed(t)
	next, _, code := outcome(t, plugin(t, "pods", "resources"))
	if code != 0 || !strings.Contains(next, "left resources behind. To delete them:\n  kubectl kbe cleanup\n") {
		t.Errorf("expected that the next run reports it, found exit code %d:\n%s", code, next)
	}
	results.record(33, "a run that was killed, and the next one", around(next, "An earlier run was killed"), 0, code, "what the killed run made, until kubectl kbe cleanup")
	listed, _, code := outcome(t, plugin(t, "cleanup", "--dry-run", "--run", run))
	want := regexp.MustCompile(`(?m)^` + run + ` +\S+ +dead +yes +kbe-pods-` + run + ` +the namespace,`)
	if code != 0 || !want.MatchString(listed) || !strings.Contains(listed, "nothing was deleted") {
		t.Errorf("expected it listed as dead, found exit code %d:\n%s", code, listed)
	}
	stdout, stderr, code := outcome(t, plugin(t, "cleanup", "--run", run))
	if code != 0 || !strings.Contains(stdout, "Cleaned up after 1 run") {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertNoNamespace(t, "kbe-pods-"+run)
}

func TestCleanupInANamespaceOfOthersNeedsNoMoreThanTheRunHad(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "killed")
	theirs := f.start(f.server("theirs", ""))
	user := envconf.RandomName("jane", 10)
	grant(t, user, f.session.Namespace, podsNeeds(t, false))
	args := []string{"-n", f.session.Namespace, "--as", user}
	killed(t, args...)
	runs := labelled(t, f.session.Namespace)
	for run, pods := range runs {
		for _, p := range pods {
			if end := p.Spec.ActiveDeadlineSeconds; metav1.GetControllerOf(&p) == nil && (end == nil || *end != 3600) {
				t.Errorf("pod %q of run %s: expected that it stops by itself, found activeDeadlineSeconds %v", p.Name, run, end)
			}
		}
	}
	if len(runs) != 1 {
		t.Errorf("expected the pods of one run, found %v", runs)
	}
	// Jane may list nothing outside of her namespace.
	if _, stderr, code := outcome(t, plugin(t, "cleanup", "--as", user)); code != 3 || !strings.Contains(flat(stderr), "use -n NAMESPACE") {
		t.Errorf("expected exit code 3 and the way out, found %d: %s", code, stderr)
	}
	stdout, stderr, code := outcome(t, plugin(t, append([]string{"cleanup"}, args...)...))
	if code != 0 {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertOnlyPod(t, theirs)
}

func TestWhatIsKeptOrRunsIsNotCleanedUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "kept") // is a run itself: this process holds its lock
	namespace := f.session.Namespace
	if _, stderr, code := outcome(t, plugin(t, "pods", "resources", "--keep", "-n", namespace)); code != 0 {
		t.Fatalf("expected exit code 0, found %d: %s", code, stderr)
	}
	assertPods(t, namespace, "constraintpod")
	stdout, _, code := outcome(t, plugin(t, "cleanup", "-n", namespace))
	if code != 0 || !regexp.MustCompile(`kept +no `).MatchString(stdout) || !regexp.MustCompile(f.session.ID+` .* running +no `).MatchString(stdout) {
		t.Errorf("expected a run that is kept and one that runs, found %d:\n%s", code, stdout)
	}
	assertPods(t, namespace, "constraintpod")
	if stdout, stderr, code := outcome(t, plugin(t, "cleanup", "-n", namespace, "--all")); code != 0 {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertPods(t, namespace)
	if ns, err := client(t).CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{}); err != nil || ns.DeletionTimestamp != nil {
		t.Errorf("namespace %q of a run that lives: expected it untouched, found %v", namespace, err)
	}
}

// TestASecondRunInANamespaceSaysThatAnotherRuns: what the other has made is not to be deleted.
func TestASecondRunInANamespaceSaysThatAnotherRuns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "second") // is a run itself: this process holds its lock
	pod := f.client("constraintpod", "")
	pod.Labels = map[string]string{session.RunLabel: f.session.ID}
	if _, err := client(t).CoreV1().Pods(f.session.Namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := outcome(t, plugin(t, "pods", "resources", "-n", f.session.Namespace))
	text := flat(stdout + stderr)
	if code != 3 || !strings.Contains(text, "of run "+f.session.ID+", which is still running") || strings.Contains(text, "kubectl kbe cleanup --run") {
		t.Errorf("expected exit code 3 and the run that runs, found %d:\n%s%s", code, stdout, stderr)
	}
}

// hold puts an object into a Namespace that keeps it from going.
func hold(t *testing.T, namespace string) (release func()) {
	t.Helper()
	maps := client(t).CoreV1().ConfigMaps(namespace)
	held := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{"example.com/hold"}}}
	if _, err := maps.Create(t.Context(), held, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := maps.Patch(context.Background(), "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
			t.Error(err)
		}
	}
}

func TestASecondSignalEndsTheCleanupAndSaysWhatIsLeft(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	c := plugin(t, "pods", "resources")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var story strings.Builder
	namespace := ""
	signal := func() {
		if err := c.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		story.WriteString(lines.Text() + "\n")
		if m := namespaceLine.FindStringSubmatch(lines.Text()); m != nil {
			namespace = m[1]
			release := hold(t, namespace)
			t.Cleanup(func() {
				release()
				if _, stderr, code := outcome(t, pluginIn(context.Background(), t, "cleanup", "--run", strings.TrimPrefix(namespace, "kbe-pods-"))); code != 0 {
					t.Errorf("cleanup: found %d: %s", code, stderr)
				}
				assertNoNamespace(t, namespace)
			})
			signal()
		}
		if strings.Contains(lines.Text(), namespace+" is stuck terminating") {
			signal()
		}
	}
	_ = c.Wait() // the exit code is looked at below
	text := strings.Join(strings.Fields(story.String()), " ")
	for _, want := range []string{"The cleanup is incomplete", "the cleanup was interrupted", "NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: example.com/hold", "left: namespaces/" + namespace, "remove it kubectl delete namespace " + namespace} {
		if c.ProcessState.ExitCode() != 130 || !strings.Contains(text, want) {
			t.Errorf("expected exit code 130 and %q, found %d:\n%s", want, c.ProcessState.ExitCode(), story.String())
		}
	}
	results.record(32, "Ctrl-C, and another during the cleanup", around(text, "The cleanup is incomplete"), 0, c.ProcessState.ExitCode(), "the namespace, named with what holds it")
}

// conditionSince is when a Namespace got a condition, in whole seconds.
func conditionSince(t *testing.T, namespace string, kind corev1.NamespaceConditionType) time.Time {
	t.Helper()
	ns, err := client(t).CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
	if err != nil {
		t.Error(err)
		return time.Now()
	}
	for _, c := range ns.Status.Conditions {
		if c.Type == kind {
			return c.LastTransitionTime.Time
		}
	}
	t.Errorf("namespace %q: expected the condition %s, found none", namespace, kind)
	return time.Now()
}

// TestANamespaceThatDoesNotGoIsNamedAndNotForced waits to the end of the cleanup's
// budget.
func TestANamespaceThatDoesNotGoIsNamedAndNotForced(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	namespace := ""
	s := &scene{T: t, name: "fstuck", tmp: t.TempDir(), kubeconfig: *kube.KubeConfig}
	s.when, s.at = "in namespace kbe-fstuck-", func(*exec.Cmd, io.Closer) {
		namespace = s.ownedNamespace()
		release := hold(t, namespace)
		t.Cleanup(func() {
			release()
			if _, stderr, code := outcome(t, pluginIn(context.Background(), t, "cleanup", "--run", strings.TrimPrefix(namespace, "kbe-fstuck-"))); code != 0 {
				t.Errorf("cleanup: found %d: %s", code, stderr)
			}
			assertNoNamespace(t, namespace)
		})
	}
	printed := s.execute(s.service())
	for _, want := range []string{
		"The cleanup is incomplete", "timed out after 1m0s; NamespaceContentRemaining: ", "NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: example.com/hold",
		"left: namespaces/" + namespace, "remove it kubectl delete namespace " + namespace,
	} {
		if printed.code != 3 || !printed.contains(want) {
			t.Errorf("expected exit code 3 and %q, found %d:\n%s", want, printed.code, printed.text)
		}
	}
	ns, err := client(t).CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
	if err != nil || len(ns.Spec.Finalizers) == 0 {
		t.Errorf("namespace %q: expected that its finalizers were not touched, found %v, %v", namespace, ns.Spec.Finalizers, err)
	}
	results.record(30, "a finalizer in the namespace that is never removed", printed.around("NamespaceFinalizersRemaining"), 0, printed.code, "the namespace, named with what holds it")
}

// TestCredentialsThatEndMidRun deletes the ServiceAccount that a run works as, while
// it runs a program in a container: its token is then worth nothing (401).
func TestCredentialsThatEndMidRun(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	s := &scene{T: t, name: "fexpired", tmp: t.TempDir()}
	namespace := s.ownNamespace(nil)
	accounts := client(t).CoreV1().ServiceAccounts(namespace)
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "jane"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	grant(t, "system:serviceaccount:"+namespace+":jane", namespace, podsNeeds(t, false))
	token, err := accounts.CreateToken(t.Context(), "jane", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.configure(func(_ *clientcmdapi.Config, _ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
		*user = clientcmdapi.AuthInfo{Token: token.Status.Token}
	})
	s.when, s.at = "$ kubectl exec subject", func(*exec.Cmd, io.Closer) {
		if err := accounts.Delete(t.Context(), "jane", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	}
	// The API server believes a token that it has just looked at for ten seconds.
	printed := s.execute(append(s.pod("  containers: [{name: main, image: SHELL, command: [sleep, infinity]}]", "exec subject -- sleep 15", "get pod subject"), "-n", namespace))
	for _, want := range []string{
		"rejects your credentials (401)", "log in again", "The cleanup is incomplete", "left: pods/subject",
		"remove it kubectl delete pods -n " + namespace + " -l kubectl-kbe.github.io/run=",
	} {
		if printed.code != 3 || !printed.contains(want) {
			t.Errorf("expected exit code 3 and %q, found %d:\n%s", want, printed.code, printed.text)
		}
	}
	if strings.Contains(printed.text, token.Status.Token) {
		t.Error("expected that the token is not shown")
	}
	if stdout, stderr, code := outcome(t, plugin(t, "cleanup", "-n", namespace)); code != 0 {
		t.Errorf("cleanup: expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertPods(t, namespace)
	results.record(38, "the token of a run becomes invalid while it runs", printed.around("rejects your credentials (401)"), 0, printed.code, "pods/subject, named with the command that removes it")
}

// TestPermissionsThatEndMidRun takes a user's permissions away between two
// commands: what is left is named, with the command that removes it.
func TestPermissionsThatEndMidRun(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "revoked")
	user := envconf.RandomName("jane", 10)
	grant(t, user, f.session.Namespace, podsNeeds(t, false))
	c := plugin(t, "pods", "resources", "--step", "-n", f.session.Namespace, "--as", user)
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	enter := func() {
		if _, err := io.WriteString(stdin, "\n"); err != nil {
			t.Error(err)
		}
	}
	enter() // kubectl create
	story, code := runUntil(t, c, "pod/constraintpod created", func(io.Closer) {
		if err := client(t).RbacV1().Roles(f.session.Namespace).Delete(t.Context(), user, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		awaitNoAccess(t, user, &authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods", Namespace: f.session.Namespace})
		enter()
	})
	for _, want := range []string{"pods \"constraintpod\" is forbidden", "left: pods/constraintpod", "remove it    kubectl delete pods -n " + f.session.Namespace + " -l kubectl-kbe.github.io/run="} {
		if code != 3 || !strings.Contains(story, want) {
			t.Errorf("expected exit code 3 and %q, found %d:\n%s", want, code, story)
		}
	}
	results.record(39, "the permissions of a run end while it runs", around(story, "The cleanup is incomplete"), 0, code, "pods/constraintpod, named with the command that removes it")
	if stdout, stderr, code := outcome(t, plugin(t, "cleanup", "-n", f.session.Namespace)); code != 0 {
		t.Errorf("cleanup: expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertPods(t, f.session.Namespace)
}

// TestWhatControllersMakeEndsAtOnce: a kubelet that has begun to end a pod with the 30 seconds
// of its spec does not always take up a shorter time, and the removal of the run would be forced.
func TestWhatControllersMakeEndsAtOnce(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]bool{"in a namespace of its own": false, "in one of others": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var args []string
			if shared {
				args = []string{"-n", newFixture(t, "controllers").session.Namespace}
			}
			r, code := verified(t, "testdata", "controllers.md", args...)
			assertFindings(t, r, nil)
			if c := r.Cleanup; code != 0 || c == nil || len(c.Unconfirmed)+len(c.Leftovers) > 0 {
				t.Errorf("expected exit code 0, and kubelets that confirm the end of all pods, found %d, %+v", code, c)
			}
			if shared {
				assertNothingOf(t, r.Run.Namespace, r.Run.ID)
			}
		})
	}
}

// TestWhatMayNotBeRemovedIsLeftToTheGarbageCollector: a Deployment whose ReplicaSets the user may not
// delete goes with all that it made.
func TestWhatMayNotBeRemovedIsLeftToTheGarbageCollector(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "collector")
	user := envconf.RandomName("jane", 10)
	all := func(group, resource string, verbs ...string) rbac.Needs {
		return rbac.On(schema.GroupResource{Group: group, Resource: resource}, verbs...)
	}
	needs := rbac.Join(podsNeeds(t, false), all("apps", "deployments", "create", "get", "list", "watch", "delete"),
		all("apps", "replicasets", "get", "list", "watch"), all("batch", "jobs", "create", "get", "list", "watch", "delete"),
		all("batch", "cronjobs", "create", "get", "list", "watch", "delete"))
	grant(t, user, f.session.Namespace, needs)
	r, code := verified(t, "testdata", "controllers.md", "-n", f.session.Namespace, "--as", user)
	if assertFindings(t, r, nil); code != 0 {
		t.Errorf("expected exit code 0, found %d, %+v", code, r.Cleanup)
	}
	assertNothingOf(t, r.Run.Namespace, r.Run.ID)
}

// assertNothingOf waits until nothing that a controller makes is left of a run: the garbage
// collector has its own time.
func assertNothingOf(t *testing.T, namespace, run string) {
	t.Helper()
	opts := metav1.ListOptions{LabelSelector: session.RunLabel + "=" + run}
	var left []string
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		left = nil
		pods, err := client(t).CoreV1().Pods(namespace).List(ctx, opts)
		if err != nil {
			return false, err
		}
		sets, err := client(t).AppsV1().ReplicaSets(namespace).List(ctx, opts)
		if err != nil {
			return false, err
		}
		for i := range pods.Items {
			left = append(left, "pod/"+pods.Items[i].Name)
		}
		for i := range sets.Items {
			left = append(left, "replicaset/"+sets.Items[i].Name)
		}
		return len(left) == 0, nil
	})
	if err != nil {
		t.Errorf("expected nothing of run %s, found %s: %v", run, left, err)
	}
}
