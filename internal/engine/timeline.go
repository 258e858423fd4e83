package engine

import (
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// PodSeen is the state of a Pod of the run, at each change until its deletion. Its Timeline
// is by the cluster's clock, and in no order. The time of this event is that at which the run
// saw the change.
type PodSeen struct{ Pod v1alpha1.Pod }

// What a Moment may be, in the order in which they come.
const (
	PodCreated       = "Created"
	PodScheduled     = "Scheduled"
	ImagePulled      = "ImagePulled"
	ContainerStarted = "ContainerStarted"
	PodReady         = "Ready"
)

func fromUnstructured(obj *unstructured.Unstructured, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, into)
}

// podState picks what a report shows. Nothing of a Pod's environment, volumes
// or annotations is in it.
func podState(pod *corev1.Pod) v1alpha1.Pod {
	s := v1alpha1.Pod{
		Name: pod.Name, UID: string(pod.UID), Node: pod.Spec.NodeName, Phase: string(pod.Status.Phase),
		Timeline: []v1alpha1.Moment{{What: PodCreated, Time: pod.CreationTimestamp}},
	}
	for _, ip := range pod.Status.PodIPs {
		s.IPs = append(s.IPs, ip.IP)
	}
	for _, c := range pod.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case corev1.PodScheduled:
			s.Timeline = append(s.Timeline, v1alpha1.Moment{What: PodScheduled, Time: c.LastTransitionTime})
		case corev1.PodReady:
			s.Timeline = append(s.Timeline, v1alpha1.Moment{What: PodReady, Time: c.LastTransitionTime})
		default: // the others are no step of the way
		}
	}
	for _, spec := range pod.Spec.Containers {
		c := v1alpha1.Container{Name: spec.Name, Image: spec.Image}
		for _, status := range pod.Status.ContainerStatuses {
			if status.Name != spec.Name {
				continue
			}
			c.ImageID, c.Restarts = status.ImageID, status.RestartCount
			if started := startOf(status); !started.IsZero() {
				s.Timeline = append(s.Timeline, v1alpha1.Moment{What: ContainerStarted, Container: spec.Name, Time: started})
			}
		}
		s.Containers = append(s.Containers, c)
	}
	return s
}

func startOf(status corev1.ContainerStatus) metav1.Time {
	switch {
	case status.State.Running != nil:
		return status.State.Running.StartedAt
	case status.State.Terminated != nil:
		return status.State.Terminated.StartedAt
	default:
		return metav1.Time{}
	}
}

// The reasons of the Events by which the kubelet reports a pull (pkg/kubelet/events).
const (
	pullingReason = "Pulling"
	pulledReason  = "Pulled"
)

// The kubelet's words for a pull (pkg/kubelet/images, image_manager.go), and the
// path by which an Event names a container.
var (
	pulledIn        = regexp.MustCompile(`^Successfully pulled image .* in ([0-9a-zµ.]+)`)
	containerOfPath = regexp.MustCompile(`^spec\.containers\{(.+)\}$`)
)

// pulls finds in the Events when an image was pulled for a Pod. An image that
// the node had before is no pull.
func pulls(pod *corev1.Pod, events []corev1.Event) []v1alpha1.Moment {
	var out []v1alpha1.Moment
	for _, e := range events {
		container := containerOfPath.FindStringSubmatch(e.InvolvedObject.FieldPath)
		took := pulledIn.FindStringSubmatch(e.Message)
		if e.InvolvedObject.UID != pod.UID || container == nil || took == nil {
			continue
		}
		m := v1alpha1.Moment{What: ImagePulled, Container: container[1], Time: e.LastTimestamp}
		if d, err := time.ParseDuration(took[1]); err == nil {
			m.TookMilliseconds = d.Milliseconds()
		}
		out = append(out, m)
	}
	return out
}
