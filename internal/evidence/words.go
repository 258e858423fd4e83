package evidence

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
)

// Words is an Event as a line of text.
func Words(ev corev1.Event) string {
	text := fmt.Sprintf("%s  %s: %s", diagnose.LastSeen(ev).UTC().Format("15:04:05"), ev.Reason, strings.TrimSpace(ev.Message))
	if ev.Count > 1 {
		text += fmt.Sprintf(" (%d times)", ev.Count)
	}
	return text
}

// Status says how a Pod stands: a line for it and one for each container.
func Status(pod *corev1.Pod) []string {
	line := fmt.Sprintf("pod %q: %s", pod.Name, pod.Status.Phase)
	if pod.Spec.NodeName != "" {
		line += " on " + pod.Spec.NodeName
	}
	for _, c := range pod.Status.Conditions {
		if c.Status != corev1.ConditionTrue && c.Message != "" && c.Type != corev1.ContainersReady {
			line += fmt.Sprintf("; not %s: %s", c.Type, c.Message)
		}
	}
	lines := []string{line}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		lines = append(lines, fmt.Sprintf("container %q: %s, restarts: %d", c.Name, state(c.State), c.RestartCount))
	}
	return lines
}

func state(s corev1.ContainerState) string {
	switch {
	case s.Running != nil:
		return "running"
	case s.Terminated != nil:
		return fmt.Sprintf("ended with exit code %d (%s)", s.Terminated.ExitCode, s.Terminated.Reason)
	case s.Waiting != nil:
		return "waiting (" + s.Waiting.Reason + ")"
	default:
		return "unknown"
	}
}
