package engine

import (
	"fmt"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// PodSeen is the state of a Pod of the run, at each change until its deletion.
// The time of this event is that at which the run saw the change.
type PodSeen struct{ Pod PodState }

// PodState is what a report tells of a Pod.
type PodState struct {
	Name, UID, Node, Phase string
	IPs                    []string
	Containers             []ContainerState
	// Moments are the Pod's steps from creation to Ready, by the cluster's
	// clock, which tells them in whole seconds. They are in no order.
	Moments []Moment
}

// ContainerState is one container of a Pod.
type ContainerState struct {
	Name string
	// Image is the reference that the Pod asks for; ImageID, with its digest,
	// what the node has found for it, or "".
	Image, ImageID string
	Restarts       int32
}

// Moment is a step of a Pod on its way to Ready.
type Moment struct {
	What MomentKind
	// Container is the one that it happened to, or "".
	Container string
	Time      time.Time
	// Took is how long it took, where the cluster tells: the pull of an image.
	Took time.Duration
}

// MomentKind is what a Moment is about.
type MomentKind string

// The kinds of Moment, in the order in which they come.
const (
	PodCreated       MomentKind = "Created"
	PodScheduled     MomentKind = "Scheduled"
	ImagePulled      MomentKind = "ImagePulled"
	ContainerStarted MomentKind = "ContainerStarted"
	PodReady         MomentKind = "Ready"
)

func fromUnstructured(obj *unstructured.Unstructured, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, into)
}

// podState picks what a report tells. Nothing of a Pod's environment, volumes
// or annotations is in it.
func podState(pod *corev1.Pod) PodState {
	s := PodState{
		Name: pod.Name, UID: string(pod.UID), Node: pod.Spec.NodeName, Phase: string(pod.Status.Phase),
		Moments: []Moment{{What: PodCreated, Time: pod.CreationTimestamp.Time}},
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
			s.Moments = append(s.Moments, Moment{What: PodScheduled, Time: c.LastTransitionTime.Time})
		case corev1.PodReady:
			s.Moments = append(s.Moments, Moment{What: PodReady, Time: c.LastTransitionTime.Time})
		default: // the others are no step of the way
		}
	}
	for _, spec := range pod.Spec.Containers {
		c := ContainerState{Name: spec.Name, Image: spec.Image}
		for _, status := range pod.Status.ContainerStatuses {
			if status.Name != spec.Name {
				continue
			}
			c.ImageID, c.Restarts = status.ImageID, status.RestartCount
			if started := startOf(status); !started.IsZero() {
				s.Moments = append(s.Moments, Moment{What: ContainerStarted, Container: spec.Name, Time: started})
			}
		}
		s.Containers = append(s.Containers, c)
	}
	return s
}

func startOf(status corev1.ContainerStatus) time.Time {
	switch {
	case status.State.Running != nil:
		return status.State.Running.StartedAt.Time
	case status.State.Terminated != nil:
		return status.State.Terminated.StartedAt.Time
	default:
		return time.Time{}
	}
}

// pulledReason is that of the Event by which the kubelet tells of a pull
// (pkg/kubelet/events).
const pulledReason = "Pulled"

// The kubelet's words for a pull (pkg/kubelet/images, image_manager.go), and the
// path by which an Event names a container.
var (
	pulledIn        = regexp.MustCompile(`^Successfully pulled image .* in ([0-9a-zµ.]+)`)
	containerOfPath = regexp.MustCompile(`^spec\.containers\{(.+)\}$`)
)

// pulls finds in the Events when an image was pulled for a Pod. An image that
// the node had before is no pull.
func pulls(pod *corev1.Pod, events []corev1.Event) []Moment {
	var out []Moment
	for _, e := range events {
		container := containerOfPath.FindStringSubmatch(e.InvolvedObject.FieldPath)
		took := pulledIn.FindStringSubmatch(e.Message)
		if e.InvolvedObject.UID != pod.UID || container == nil || took == nil {
			continue
		}
		m := Moment{What: ImagePulled, Container: container[1], Time: e.LastTimestamp.Time}
		if d, err := time.ParseDuration(took[1]); err == nil {
			m.Took = d
		}
		out = append(out, m)
	}
	return out
}

// String says what happened, for people.
func (m Moment) String() string {
	if m.Container == "" {
		return string(m.What)
	}
	return fmt.Sprintf("%s %s", m.What, m.Container)
}
