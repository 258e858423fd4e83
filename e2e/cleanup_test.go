package e2e

import (
	"bufio"
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/session"
)

// killed runs the pods page, and kills it once a line of the story contains
// text. It returns the run's ID.
func killed(t *testing.T, at string, args ...string) (run string) {
	t.Helper()
	c := plugin(t, append([]string{"pods"}, args...)...)
	story, _ := until(t, c, at, func(io.Closer) {
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

func TestAKilledRunIsToldAndCleanedUp(t *testing.T) {
	t.Parallel()
	run := killed(t, "condition met")
	next, _, code := outcome(t, plugin(t, "pods", "resources"))
	if code != 0 || !strings.Contains(next, "left objects behind. This removes them:\n  kubectl kbe cleanup\n") {
		t.Errorf("expected that the next run tells of it, found exit code %d:\n%s", code, next)
	}
	listed, _, code := outcome(t, plugin(t, "cleanup", "--dry-run", "--run", run))
	want := regexp.MustCompile(`(?m)^` + run + ` +\S+ +dead +yes +kbe-pods-` + run + ` +the namespace,`)
	if code != 0 || !want.MatchString(listed) || !strings.Contains(listed, "nothing was removed") {
		t.Errorf("expected it listed as dead, found exit code %d:\n%s", code, listed)
	}
	stdout, stderr, code := outcome(t, plugin(t, "cleanup", "--run", run))
	if code != 0 || !strings.Contains(stdout, "Removed what 1 run left") {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertNoNamespace(t, "kbe-pods-"+run)
}

func TestCleanupInANamespaceOfOthersNeedsNoMoreThanTheRunHad(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "killed")
	theirs := f.start(f.server("theirs", ""))
	user := envconf.RandomName("jane", 10)
	grant(t, user, f.session.Namespace, podsNeeds(t))
	args := []string{"-n", f.session.Namespace, "--as", user}
	killed(t, "condition met", args...)
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
	if _, stderr, code := outcome(t, plugin(t, "cleanup", "--as", user)); code != 3 || !strings.Contains(stderr, "name it: -n NAMESPACE") {
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
		if strings.HasPrefix(lines.Text(), "Interrupted") {
			awaitNamespaceCondition(t, namespace, "NamespaceFinalizersRemaining")
			signal()
		}
	}
	_ = c.Wait() // the exit code is looked at below
	text := strings.Join(strings.Fields(story.String()), " ")
	for _, want := range []string{"The cleanup is not complete", "the cleanup was interrupted", "NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: example.com/hold", "left: namespaces/" + namespace, "remove it kubectl delete namespace " + namespace} {
		if c.ProcessState.ExitCode() != 130 || !strings.Contains(text, want) {
			t.Errorf("expected exit code 130 and %q, found %d:\n%s", want, c.ProcessState.ExitCode(), story.String())
		}
	}
}

func awaitNamespaceCondition(t *testing.T, namespace string, kind corev1.NamespaceConditionType) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		ns, err := client(t).CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		return err == nil && slices.ContainsFunc(ns.Status.Conditions, func(c corev1.NamespaceCondition) bool {
			return c.Type == kind && c.Status == corev1.ConditionTrue
		}), err
	})
	if err != nil {
		t.Errorf("namespace %q: expected the condition %s: %v", namespace, kind, err)
	}
}

// TestPermissionsThatEndMidRun takes a user's permissions away between two
// commands: what is left is named, with the command that removes it.
func TestPermissionsThatEndMidRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "revoked")
	user := envconf.RandomName("jane", 10)
	grant(t, user, f.session.Namespace, podsNeeds(t))
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
	story, code := until(t, c, "pod/constraintpod created", func(io.Closer) {
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
	if stdout, stderr, code := outcome(t, plugin(t, "cleanup", "-n", f.session.Namespace)); code != 0 {
		t.Errorf("cleanup: expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertPods(t, f.session.Namespace)
}
