package diagnose

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Cause is a diagnosis.
type Cause struct {
	// What is wrong, with the object's name.
	What string `json:"what"`
	// Why, in the cluster's own words where it has any.
	Why string `json:"why"`
	// Remedy is what to do next.
	Remedy string `json:"remedy"`
	// Hopeless tells that waiting does not help: the Pod cannot become Ready
	// without somebody's doing.
	Hopeless bool `json:"hopeless"`
	// Workload tells that the cluster did its part, and the program in the
	// container failed.
	Workload bool `json:"workload"`
}

func (c *Cause) Error() string { return c.What + ": " + c.Why }

// Pod returns the Cause that keeps a Pod from being Ready, or nil where it is
// Ready or still on its way.
func Pod(pod *corev1.Pod) *Cause {
	for _, find := range []func(*corev1.Pod) *Cause{gone, unschedulable, container} {
		if c := find(pod); c != nil {
			return c
		}
	}
	return nil
}

// gone: the Pod has ended as a whole (status.phase and status.reason, from the
// kubelet, the eviction manager or the node lifecycle controller).
func gone(pod *corev1.Pod) *Cause {
	if pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
		return nil
	}
	if c := container(pod); c != nil {
		return c
	}
	why := strings.TrimSpace(pod.Status.Reason + " " + pod.Status.Message)
	if why == "" {
		why = fmt.Sprintf("its phase is %s", pod.Status.Phase)
	}
	return &Cause{
		What:     fmt.Sprintf("pod %q has ended", pod.Name),
		Why:      why,
		Remedy:   fmt.Sprintf("look at its node: kubectl describe node %s", pod.Spec.NodeName),
		Hopeless: true,
	}
}

func unschedulable(pod *corev1.Pod) *Cause {
	for _, c := range pod.Status.Conditions {
		if c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse {
			continue
		}
		return &Cause{
			What: fmt.Sprintf("pod %q is not scheduled to a node", pod.Name),
			Why:  fmt.Sprintf("%s: %s", c.Reason, c.Message),
			// An autoscaler may still add a node, and a gate may be lifted.
			Remedy: "free or add a node that fits, or lift what keeps the scheduler from using one (taints, requests, cordon)",
		}
	}
	return nil
}

func container(pod *corev1.Pod) *Cause {
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, s := range statuses {
		name := fmt.Sprintf("container %q of pod %q", s.Name, pod.Name)
		if w := s.State.Waiting; w != nil {
			if c := waiting(name, s, w, pod); c != nil {
				return c
			}
		}
		if t := s.State.Terminated; t != nil && pod.Spec.RestartPolicy == corev1.RestartPolicyNever && t.ExitCode != 0 {
			return ended(name, pod.Name, s.Name, t, true)
		}
	}
	return nil
}

// waitingReason is a row of the table of reasons that a kubelet gives for a
// container that does not start (k8s.io/kubernetes/pkg/kubelet/images/types.go
// and pkg/kubelet/kuberuntime, v1.37).
type waitingReason struct {
	what, remedy string
	hopeless     bool
}

const imageRemedy = "check the reference, or use one that the nodes can pull: --image NAME=REF"

var waitingReasons = map[string]waitingReason{
	"InvalidImageName":           {"the image reference is not valid", imageRemedy, true},
	"ErrImageNeverPull":          {"the image is not on the node, and imagePullPolicy is Never", "load the image into the node", true},
	"ErrImagePull":               {"the image cannot be pulled", imageRemedy, true},
	"ImagePullBackOff":           {"the image cannot be pulled", imageRemedy, true},
	"ImageInspectError":          {"the image cannot be read on the node", "remove the image from the node, so that it is pulled again", true},
	"RegistryUnavailable":        {"the registry does not answer", "try again later, or use a mirror: --image NAME=REF", false},
	"SignatureValidationFailed":  {"the image's signature is not accepted", "use an image that the cluster's policy accepts: --image NAME=REF", true},
	"CreateContainerConfigError": {"the container's configuration cannot be made", "mend the field or the object that the message names", true},
	"CreateContainerError":       {"the container cannot be created", "look at the node's container runtime", false},
	"RunContainerError":          {"the container cannot be started", "check the command and the image", false},
	"PreStartHookError":          {"the container's pre-start hook failed", "check the hook", false},
	"PostStartHookError":         {"the container's post-start hook failed", "check the hook", false},
}

func waiting(name string, s corev1.ContainerStatus, w *corev1.ContainerStateWaiting, pod *corev1.Pod) *Cause {
	if w.Reason == "CrashLoopBackOff" {
		if t := s.LastTerminationState.Terminated; t != nil {
			return ended(name, pod.Name, s.Name, t, true)
		}
	}
	row, known := waitingReasons[w.Reason]
	if !known {
		return nil // ContainerCreating, PodInitializing: on its way
	}
	why := w.Reason
	if w.Message != "" {
		why += ": " + w.Message
	}
	what := name + ": " + row.what
	if strings.Contains(row.what, "image") {
		what = fmt.Sprintf("%s: %s (%s)", name, row.what, s.Image)
	}
	return &Cause{What: what, Why: why, Remedy: row.remedy, Hopeless: row.hopeless}
}

func ended(name, pod, container string, t *corev1.ContainerStateTerminated, hopeless bool) *Cause {
	why := fmt.Sprintf("%s, exit code %d", t.Reason, t.ExitCode)
	if t.Message != "" {
		why += ": " + t.Message
	}
	remedy := fmt.Sprintf("read its output: kubectl logs %s -c %s --previous", pod, container)
	if t.Reason == "OOMKilled" {
		remedy = "raise the container's memory limit"
	}
	return &Cause{What: name + " ended", Why: why, Remedy: remedy, Hopeless: hopeless, Workload: true}
}
