package diagnose

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func pod(status corev1.PodStatus) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "sise"}, Status: status}
}

func withWaiting(reason string) corev1.PodStatus {
	return corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "main", Image: "example.invalid/no:1",
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "because"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 3}},
	}}}
}

func TestPod(t *testing.T) {
	for name, tc := range map[string]struct {
		status   corev1.PodStatus
		want     string // in What and Why
		hopeless bool
		workload bool
	}{
		"image":   {withWaiting("ImagePullBackOff"), `container "main" of pod "sise": the image cannot be pulled (example.invalid/no:1)`, true, false},
		"config":  {withWaiting("CreateContainerConfigError"), "CreateContainerConfigError: because", true, false},
		"crash":   {withWaiting("CrashLoopBackOff"), "Error, exit code 3", true, true},
		"retried": {withWaiting("RunContainerError"), "cannot be started", false, false},
		"evicted": {corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "disk pressure"}, "Evicted disk pressure", true, false},
		"unschedulable": {corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available",
		}}}, "Unschedulable: 0/3 nodes are available", false, false},
	} {
		c := Pod(pod(tc.status))
		if c == nil {
			t.Errorf("%s: expected a cause, found none", name)
			continue
		}
		if !strings.Contains(c.Error(), tc.want) || c.Hopeless != tc.hopeless || c.Workload != tc.workload || c.Remedy == "" {
			t.Errorf("%s: found %+v", name, c)
		}
	}
}

func TestAPodOnItsWayHasNoCause(t *testing.T) {
	for _, reason := range []string{"ContainerCreating", "PodInitializing", ""} {
		if c := Pod(pod(withWaiting(reason))); c != nil {
			t.Errorf("%q: found %+v", reason, c)
		}
	}
}
