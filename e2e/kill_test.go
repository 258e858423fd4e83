package e2e

import (
	"bytes"
	"errors"
	"flag"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

var (
	sigints  = flag.Int("sigints", 10, "how many runs are interrupted at a random moment")
	sigkills = flag.Int("sigkills", 5, "how many runs are killed at a random moment")
	together = flag.Int("together", 4, "how many of them run at a time")
	parallel = flag.Int("parallel-runs", 8, "how many runs are started at once")
)

// others are objects of someone else in a Namespace where runs work.
type others struct {
	f      *fixture
	pod    *corev1.Pod
	config *corev1.ConfigMap
}

func newOthers(t *testing.T, name string) *others {
	t.Helper()
	f := newFixture(t, name)
	config, err := client(t).CoreV1().ConfigMaps(f.session.Namespace).Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}, Data: map[string]string{"a": "b"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &others{f, f.start(f.server("theirs", "")), config}
}

// assertUntouched asserts that the others' objects are as they were, and that no
// run has a Pod or a ReplicationController beside them.
func (o *others) assertUntouched(t *testing.T) {
	t.Helper()
	core := client(t).CoreV1()
	pod, err := core.Pods(o.pod.Namespace).Get(t.Context(), o.pod.Name, metav1.GetOptions{})
	if err != nil || pod.UID != o.pod.UID || pod.DeletionTimestamp != nil {
		t.Errorf("pod %q of others: expected it untouched, found %v, %v", o.pod.Name, pod.DeletionTimestamp, err)
	}
	config, err := core.ConfigMaps(o.pod.Namespace).Get(t.Context(), o.config.Name, metav1.GetOptions{})
	if err != nil || config.ResourceVersion != o.config.ResourceVersion {
		t.Errorf("configmap %q of others: expected it untouched, found version %q, %v", o.config.Name, config.ResourceVersion, err)
	}
	assertPods(t, o.pod.Namespace, o.pod.Name)
	if rcs, err := core.ReplicationControllers(o.pod.Namespace).List(t.Context(), metav1.ListOptions{}); err != nil || len(rcs.Items) > 0 {
		t.Errorf("namespace %q: expected no replicationcontroller, found %d, %v", o.pod.Namespace, len(rcs.Items), err)
	}
}

// leftovers are the runs that are over and left something, as RUN in NAMESPACE.
func leftovers(t *testing.T) []string {
	t.Helper()
	cfg, err := kube.ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	found, err := session.Find(t.Context(), cfg, "")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range found {
		if l.State != session.Running {
			out = append(out, l.Run+" in "+l.Namespace+": "+strings.Join(l.Objects(), " "))
		}
	}
	return out
}

// atRandomMoments runs the pods page n times, alternately in its own Namespace
// and beside others, and sends each a signal at a random moment of its life.
func atRandomMoments(t *testing.T, n int, signal syscall.Signal, theirs *others) (codes map[int]int) {
	t.Helper()
	whole := plugin(t, "pods", "-n", theirs.f.session.Namespace) // is built here, which is no part of its life
	begin := time.Now()
	if _, stderr, code := outcome(t, whole); code != 0 {
		t.Fatalf("expected exit code 0, found %d: %s", code, stderr)
	}
	life := time.Since(begin) * 3 / 2 // several at a time take longer
	codes = map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	places := make(chan struct{}, *together)
	var besideOthers sync.Mutex // there, two runs would be in each other's way
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			args := []string{"pods"}
			if i%*together == 0 {
				besideOthers.Lock()
				defer besideOthers.Unlock()
				args = append(args, "-n", theirs.f.session.Namespace)
				defer theirs.cleanUp(t, signal)
			}
			moment := rand.N(life) //nolint:gosec // a moment, not a secret
			code, story := signalled(t, plugin(t, args...), signal, moment)
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
			if signal == syscall.SIGINT && !slices.Contains([]int{-1, 0, 130}, code) {
				t.Errorf("%s after %s: expected exit code 130, found %d:\n%s", signal, moment, code, story)
			}
		})
	}
	wg.Wait()
	return codes
}

// cleanUp removes the leftovers of a killed run beside the others' objects.
func (o *others) cleanUp(t *testing.T, signal syscall.Signal) {
	if signal == syscall.SIGKILL {
		if stdout, stderr, code := outcome(t, plugin(t, "cleanup", "-n", o.f.session.Namespace)); code != 0 {
			t.Errorf("cleanup: expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
		}
	}
	o.assertUntouched(t)
}

// signalled runs a command, sends it a signal after a time, and returns its exit
// code: -1 where the signal ended it.
func signalled(t *testing.T, c *exec.Cmd, signal syscall.Signal, after time.Duration) (code int, story string) {
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Error(err)
		return -1, ""
	}
	timer := time.AfterFunc(after, func() { _ = c.Process.Signal(signal) }) // it may be over by then
	defer timer.Stop()
	err := c.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Error(err)
	}
	return c.ProcessState.ExitCode(), out.String()
}

func TestAnInterruptAtAnyMomentLeavesNothing(t *testing.T) {
	exhaustive(t)
	theirs := newOthers(t, "sigint")
	before := leftovers(t)
	codes := atRandomMoments(t, *sigints, syscall.SIGINT, theirs)
	theirs.assertUntouched(t)
	if after := leftovers(t); !slices.Equal(before, after) {
		t.Errorf("expected nothing left, found\n%s", strings.Join(after, "\n"))
	}
	t.Logf("%d runs by exit code (-1: the signal came before the program had begun): %v", *sigints, codes)
}

func TestAKillAtAnyMomentIsCleanedUp(t *testing.T) {
	exhaustive(t)
	theirs := newOthers(t, "sigkill")
	codes := atRandomMoments(t, *sigkills, syscall.SIGKILL, theirs)
	left := len(leftovers(t))
	args := []string{"cleanup"}
	if embedded != nil {
		args = append(args, "--all") // no other test works on it
	}
	stdout, stderr, code := outcome(t, plugin(t, args...))
	if code != 0 {
		t.Errorf("cleanup: expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	if after := leftovers(t); len(after) > 0 {
		t.Errorf("expected nothing left, found\n%s", strings.Join(after, "\n"))
	}
	theirs.assertUntouched(t)
	t.Logf("%d runs by exit code: %v; %d left something, which is removed", *sigkills, codes, left)
}

// TestCleanupAllRemovesWhatKilledRunsLeft has one that was killed in a Namespace of its
// own, and one beside others.
func TestCleanupAllRemovesWhatKilledRunsLeft(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("removes what all runs have left, also those of somebody else")
	}
	theirs := newOthers(t, "all")
	killed(t)
	killed(t, "-n", theirs.f.session.Namespace)
	if found := leftovers(t); len(found) != 2 {
		t.Errorf("expected that both runs have left something, found\n%s", strings.Join(found, "\n"))
	}
	stdout, stderr, code := outcome(t, plugin(t, "cleanup", "--all"))
	if code != 0 || !strings.Contains(stdout, "Cleaned up after 2 runs") {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	if after := leftovers(t); len(after) > 0 {
		t.Errorf("expected nothing left, found\n%s", strings.Join(after, "\n"))
	}
	theirs.assertUntouched(t)
}

func TestRunsSideBySideEndEachWithItsOwnVerdict(t *testing.T) {
	exhaustive(t)
	before := leftovers(t)
	kinds := []struct {
		args []string
		code int
		want string
	}{
		// Not the scenario resources: fifty of its Pods ask for 25 CPUs.
		{[]string{"pods", "port-conflict"}, 0, "✓ 3 of 3 claims hold"},
		{[]string{"pods", "sharing"}, 0, "✓ 4 of 4 claims hold"},
		{[]string{"pods", "loopback", "--image", "shell=registry.invalid/nothing:1"}, 3, "the registry of the image registry.invalid/nothing:1"},
		{[]string{"pods", "loopback"}, 0, "✓ 2 of 2 claims hold"},
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for i := range *parallel {
		kind := kinds[i%len(kinds)]
		wg.Go(func() {
			code, story := signalled(t, plugin(t, kind.args...), 0, time.Hour)
			namespace := namespaceLine.FindStringSubmatch(story)
			mu.Lock()
			defer mu.Unlock()
			if code != kind.code || !strings.Contains(strings.Join(strings.Fields(story), " "), kind.want) {
				t.Errorf("%v: expected exit code %d and %q, found %d:\n%s", kind.args, kind.code, kind.want, code, story)
			}
			if namespace == nil || seen[namespace[1]] {
				t.Errorf("%v: expected a namespace of its own, found %v", kind.args, namespace)
				return
			}
			seen[namespace[1]] = true
		})
	}
	wg.Wait()
	if after := leftovers(t); !slices.Equal(before, after) {
		t.Errorf("expected nothing left, found\n%s", strings.Join(after, "\n"))
	}
	for namespace := range seen {
		assertNoNamespace(t, namespace)
	}
}
