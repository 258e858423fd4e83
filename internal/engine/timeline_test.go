package engine

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func at(second int64) metav1.Time { return metav1.NewTime(time.Unix(second, 0)) }

func TestPodStateShowsTheWayToReady(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "u", CreationTimestamp: at(1)},
		Spec: corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{
			{Name: "one", Image: "x:1", Env: []corev1.EnvVar{{Name: "PASSWORD", Value: "secret"}}}, {Name: "two", Image: "y:1"},
		}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}},
			Conditions: []corev1.PodCondition{
				{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: at(9)},
				{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: at(2)},
			},
			ContainerStatuses: []corev1.ContainerStatus{
				{Name: "two", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}},
				{Name: "one", ImageID: "x@sha256:1", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at(4)}}},
			},
		},
	}
	s := podState(pod)
	want := []v1alpha1.Moment{
		{What: PodCreated, Time: at(1)}, {What: PodScheduled, Time: at(2)},
		{What: ContainerStarted, Container: "one", Time: at(4)},
	}
	if len(s.Timeline) != len(want) {
		t.Fatalf("expected %v, found %v", want, s.Timeline)
	}
	for i, m := range want {
		if s.Timeline[i] != m {
			t.Errorf("expected %v, found %v", m, s.Timeline[i])
		}
	}
	if s.Containers[0] != (v1alpha1.Container{Name: "one", Image: "x:1", ImageID: "x@sha256:1"}) {
		t.Errorf("found %+v", s.Containers[0])
	}
}

func TestPullsAreKnownFromEvents(t *testing.T) {
	event := func(uid types.UID, message string) corev1.Event {
		return corev1.Event{
			InvolvedObject: corev1.ObjectReference{UID: uid, FieldPath: "spec.containers{one}"},
			Message:        message, LastTimestamp: at(3),
		}
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "u"}}
	got := pulls(pod, []corev1.Event{
		event("other", `Successfully pulled image "x:1" in 1.2s (1.2s including waiting). Image size: 5 bytes.`),
		event("u", `Container image "x:1" already present on machine`),
		event("u", `Successfully pulled image "x:1" in 1m2.5s (1m3s including waiting). Image size: 5 bytes.`),
	})
	if want := (v1alpha1.Moment{What: ImagePulled, Container: "one", Time: at(3), TookMilliseconds: 62500}); len(got) != 1 || got[0] != want {
		t.Errorf("expected %v, found %v", want, got)
	}
}
