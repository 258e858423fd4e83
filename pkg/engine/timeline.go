package engine

import (
	"context"
	"fmt"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/session"
)

// PodSeen is the state of a Pod of the run: at each change while a command waits
// for it, and at the end of the run.
type PodSeen struct {
	Pod PodState
	// Watched tells that the event's time is that of a change, as the run saw it.
	Watched bool
}

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

// seeTimeout bounds the look at the Pods at the end of a run: a report is not
// worth a longer wait.
const seeTimeout = 5 * time.Second

// seePods tells the state of the run's Pods, with two requests. What may not be
// read is left out: a run does not fail for its report.
func (r *run) seePods(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, seeTimeout)
	defer cancel()
	var selector string
	if !r.session.Owned {
		selector = labels.Set{session.RunLabel: r.session.ID}.String()
	}
	pods, err := listAs[corev1.Pod](ctx, r.inNamespace("pods"), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return
	}
	events, err := listAs[corev1.Event](ctx, r.inNamespace("events"),
		metav1.ListOptions{FieldSelector: "involvedObject.kind=Pod,reason=Pulled"})
	if err != nil {
		events = nil
	}
	for i := range pods {
		state := podState(&pods[i])
		state.Moments = append(state.Moments, pulls(&pods[i], events)...)
		r.emit(WholeRun, PodSeen{Pod: state})
	}
}

func (r *run) inNamespace(resource string) dynamic.ResourceInterface {
	return r.session.Client().Resource(corev1.SchemeGroupVersion.WithResource(resource)).Namespace(r.session.Namespace)
}

func listAs[T any](ctx context.Context, client dynamic.ResourceInterface, opts metav1.ListOptions) ([]T, error) {
	found, err := client.List(ctx, opts)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(found.Items))
	for i, item := range found.Items {
		if err := fromUnstructured(&item, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

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
