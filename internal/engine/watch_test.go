package engine

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
)

// A liveness probe that fails takes its time, and so does the end of the container: an output may change until then.
func TestWhatALivenessProbeMayRestart(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	killing := func(before time.Duration) corev1.Event {
		return corev1.Event{Reason: "Killing", InvolvedObject: corev1.ObjectReference{FieldPath: "spec.containers{web}"}, LastTimestamp: metav1.NewTime(now.Add(-before))}
	}
	for name, tc := range map[string]struct {
		runs   time.Duration
		events []corev1.Event
		want   bool
	}{
		"it may fail yet":             {16 * time.Second, nil, true},
		"it has not failed":           {21 * time.Second, nil, false},
		"it has, and grace goes on":   {30 * time.Second, []corev1.Event{killing(10 * time.Second)}, true},
		"it had, and is restarted":    {21 * time.Second, []corev1.Event{killing(51 * time.Second)}, false},
		"it is restarted, and probed": {time.Second, []corev1.Event{killing(31 * time.Second)}, true},
	} {
		pod := &corev1.Pod{}
		pod.Spec.Containers = []corev1.Container{{Name: "web", LivenessProbe: &corev1.Probe{InitialDelaySeconds: 2, PeriodSeconds: 5, TimeoutSeconds: 1, FailureThreshold: 3}}}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now.Add(-tc.runs))}}}}
		if got := isProbed(diagnose.Evidence{Pod: pod, Events: tc.events}, now); got != tc.want {
			t.Errorf("%s: expected %t, found %t", name, tc.want, got)
		}
	}
}
