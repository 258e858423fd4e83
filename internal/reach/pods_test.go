package reach

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubectl/pkg/util/podutils"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

func node(change func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1", Labels: map[string]string{corev1.LabelOSStable: "linux"}}}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	change(n)
	return n
}

func taint(effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "x", Effect: effect}} }
}

func TestNodesThatAreSkipped(t *testing.T) {
	for name, tc := range map[string]struct {
		node                *corev1.Node
		plainly, tolerating string // what is said of it
	}{
		"ready": {node(func(*corev1.Node) {}), "", ""},
		"not ready": {node(func(n *corev1.Node) {
			n.Status.Conditions[0].Status, n.Status.Conditions[0].Reason = corev1.ConditionUnknown, "NodeStatusUnknown"
		}), "", ""},
		"not ready, and tainted for that": {node(func(n *corev1.Node) {
			n.Status.Conditions[0].Status = corev1.ConditionUnknown
			n.Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoExecute}}
		}), "", ""},
		"not ready, and dedicated": {node(func(n *corev1.Node) {
			n.Status.Conditions[0].Status = corev1.ConditionUnknown
			taint(corev1.TaintEffectNoSchedule)(n)
		}), "tainted: dedicated=x:NoSchedule", ""},
		"ready, and under pressure": {node(func(n *corev1.Node) {
			n.Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeDiskPressure, Effect: corev1.TaintEffectNoSchedule}}
		}), "tainted: node.kubernetes.io/disk-pressure:NoSchedule", ""},
		"cordoned":    {node(func(n *corev1.Node) { n.Spec.Unschedulable = true }), "cordoned", "cordoned"},
		"windows":     {node(func(n *corev1.Node) { n.Labels[corev1.LabelOSStable] = "windows" }), "runs windows", "runs windows"},
		"tainted":     {node(taint(corev1.TaintEffectNoSchedule)), "tainted: dedicated=x:NoSchedule", ""},
		"no execute":  {node(taint(corev1.TaintEffectNoExecute)), "tainted: dedicated=x:NoExecute", ""},
		"discouraged": {node(taint(corev1.TaintEffectPreferNoSchedule)), "", ""},
	} {
		for tolerate, want := range map[bool]string{false: tc.plainly, true: tc.tolerating} {
			if got := skip(tc.node, tolerate); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
				t.Errorf("%s, tolerate %t: expected %q, found %q", name, tolerate, want, got)
			}
		}
	}
}

func TestAPodIsAwaitedUntilItIsReadyOrCannotBe(t *testing.T) {
	with := func(conditions ...corev1.PodCondition) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "reach-0"},
			Status:     corev1.PodStatus{Conditions: conditions, PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}, {IP: "fd00::1"}}},
		}
	}
	ended := with()
	ended.Status.Phase, ended.Status.Reason = corev1.PodFailed, "Evicted"
	imageless := with()
	imageless.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "sise", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "ErrImagePull", Message: "sise:9: not found",
	}}}}
	onNode := with(corev1.PodCondition{Type: corev1.PodScheduled, Reason: corev1.PodReasonUnschedulable, Message: "Too many pods"})
	on(onNode, "node-1", corev1.NodeSelectorOpIn)
	anywhere := onNode.DeepCopy()
	anywhere.Spec.Affinity = nil
	deleted := with()
	deleted.DeletionTimestamp = &metav1.Time{}
	for name, tc := range map[string]struct {
		pod    *corev1.Pod
		ready  bool
		failed string
	}{
		"on its way":        {with(corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse}), false, ""},
		"ready":             {with(corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}), true, ""},
		"no room on a node": {onNode, false, `pod "reach-0" is not scheduled: Too many pods`},
		"no room for now":   {anywhere, false, ""},
		"evicted":           {ended, false, "Evicted"},
		"no image":          {imageless, false, "--image NAME=REF"},
		"was deleted":       {deleted, false, `pod "reach-0" was deleted by someone else`},
	} {
		p := unwatchedPods()
		p.states.set(tc.pod.Name, &diagnose.Evidence{Pod: tc.pod})
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing more is to come
		pod, err := p.await(ctx, tc.pod.Name, podutils.IsPodReady)
		switch {
		case tc.ready && (err != nil || len(addresses(pod)) != 2):
			t.Errorf("%s: expected a pod with two addresses, found %v, %v", name, pod, err)
		case tc.failed != "" && (err == nil || !strings.Contains(err.Error(), tc.failed)):
			t.Errorf("%s: expected %q, found %v", name, tc.failed, err)
		case !tc.ready && tc.failed == "" && !errors.Is(err, context.Canceled):
			t.Errorf("%s: expected no decision, found %v", name, err)
		}
	}
}

// unwatchedPods are pods whose states the test sets.
func unwatchedPods() *pods {
	return &pods{env: Env{Environment: &run.Environment{Session: &session.Session{Namespace: "n"}}}, watch: func() {}}
}

// Many wait for Pods of one watch; each is decided by its own Pod's states alone.
func TestManyWaitForPodsOfOneWatch(t *testing.T) {
	p := unwatchedPods()
	scheduled := func(pod *corev1.Pod) bool { return pod.Spec.NodeName != "" }
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if pod, err := p.await(t.Context(), fmt.Sprint(i), scheduled); err != nil || pod.Name != fmt.Sprint(i) {
				t.Errorf("pod %d: found %v, %v", i, pod, err)
			}
		})
	}
	for _, node := range []string{"", "node-1"} {
		for i := range 100 {
			p.seePod(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(i)}, Spec: corev1.PodSpec{NodeName: node}})
		}
	}
	wg.Wait()
}

func TestAWaitSaysWhyItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := unwatchedPods()
		stop := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stop)
		if _, err := p.await(ctx, "a", podutils.IsPodReady); !errors.Is(err, stop) {
			t.Errorf("expected %v, found %v", stop, err)
		}
		p.states.set("a", &diagnose.Evidence{Pod: &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending}}})
		if _, err := p.await(t.Context(), "a", podutils.IsPodReady); err == nil || err.Error() != `pod "a" is not ready: timed out after 2m0s: its phase is Pending` {
			t.Errorf("found %v", err)
		}
		p.unwatched.Store(true)
		if _, err := p.await(t.Context(), "a", podutils.IsPodReady); err == nil || err.Error() != `pod "a" is not ready: the pods of namespace "n" may not be watched` {
			t.Errorf("found %v", err)
		}
	})
}

// awaited waits for a Pod that is never ready, while Events about it come after some time; it
// returns how long that took, how it ended, and what was shown.
func awaited(t *testing.T, pod *corev1.Pod, events map[time.Duration]corev1.Event) (took time.Duration, notices []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := unwatchedPods()
		p.env.Progress = func(now Progress) { notices = append(notices, now.Notice) }
		p.states.set(pod.Name, &diagnose.Evidence{Pod: pod})
		begin := time.Now()
		for after, ev := range events {
			ev.UID, ev.InvolvedObject.Kind, ev.InvolvedObject.Name = types.UID(after.String()), "Pod", pod.Name
			time.AfterFunc(after, func() { p.seeEvent(&ev) })
		}
		_, err = p.await(t.Context(), pod.Name, podutils.IsPodReady)
		took = time.Since(begin)
	})
	return took, notices, err
}

func TestAWaitEndsWhenTheClusterHasTriedAgain(t *testing.T) {
	failed := corev1.Event{Type: corev1.EventTypeWarning, Reason: "FailedCreatePodSandBox", Message: "no address is free"}
	took, notices, err := awaited(t, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "reach-0"}},
		map[time.Duration]corev1.Event{time.Second: failed, 20 * time.Second: failed})
	if took != 20*time.Second || err == nil || !strings.Contains(err.Error(), "cannot create its sandbox: FailedCreatePodSandBox: no address is free; look at") {
		t.Errorf("expected the cause after the second failure, found %v after %s", err, took)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "this may resolve itself") {
		t.Errorf("expected that the first failure is shown, found %q", notices)
	}
}

func TestAWaitDoesNotTimeOutWhileAnImageIsPulled(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "reach-0"}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "sise", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}
	of := corev1.ObjectReference{FieldPath: "spec.containers{sise}"}
	took, notices, err := awaited(t, pod, map[time.Duration]corev1.Event{
		time.Second: {Reason: "Pulling", InvolvedObject: of}, 10 * time.Minute: {Reason: "Pulled", InvolvedObject: of}})
	if took != 12*time.Minute || !errors.Is(err, wait.ErrTimeout) {
		t.Errorf("expected the whole time after the pull, found %v after %s", err, took)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "is still being pulled") {
		t.Errorf("expected that the pull is shown, found %q", notices)
	}
}
