package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Evidence is what a cluster says of a Pod. All but the Pod may be missing.
type Evidence struct {
	Pod *corev1.Pod
	// Events are those about the Pod.
	Events []corev1.Event
	// Node is the one that the Pod is on.
	Node *corev1.Node
	// Nodes are those that the scheduler could choose from.
	Nodes []corev1.Node
}

// Cause returns what keeps the Pod from being Ready, or nil where it is Ready
// or on its way.
func (e Evidence) Cause() *Cause {
	if _, ready := condition(e.Pod, corev1.PodReady); ready {
		return nil
	}
	return look(slices.Concat(e.whole(), e.containers(), e.warnings(), e.scheduling(), e.node()))
}

// Images are the Causes of containers whose images cannot be pulled.
func (e Evidence) Images() (causes []*Cause) {
	for _, s := range e.containers() {
		if s.at != pull {
			continue
		}
		if c := look([]sign{s}); c != nil {
			causes = append(causes, c)
		}
	}
	return causes
}

// Pulling is the Cause of a container whose image is being pulled, or nil: of no fault, but
// of a wait. The API has no progress of a pull; one that makes none is given up by the
// container runtime, and an Event says so.
func (e Evidence) Pulling() *Cause {
	for _, c := range slices.Concat(e.Pod.Status.InitContainerStatuses, e.Pod.Status.ContainerStatuses) {
		if c.State.Waiting == nil {
			continue
		}
		var begun *corev1.Event
		open := 0 // attempts that have not ended
		for i, ev := range e.Events {
			switch {
			case !IsAbout(ev, c.Name):
			case ev.Reason == "Pulling":
				begun, open = &e.Events[i], open+timesSeen(ev)
			case ev.Reason == "Pulled", isPullWarning(ev):
				open -= timesSeen(ev)
			}
		}
		if begun != nil && open > 0 {
			return look([]sign{{at: pulling, reason: begun.Reason, message: begun.Message, since: LastSeen(*begun), about: e.about(&c)}})
		}
	}
	return nil
}

// Disruption is the Cause of a Pod that the cluster takes away: it is evicted or
// preempted, or its Node is drained or lost. It is nil for all others.
func Disruption(pod *corev1.Pod) *Cause {
	if _, yes := condition(pod, corev1.DisruptionTarget); !yes {
		return nil
	}
	return look(Evidence{Pod: pod}.whole())
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) (found *corev1.PodCondition, isTrue bool) {
	for i, c := range pod.Status.Conditions {
		if c.Type == kind {
			return &pod.Status.Conditions[i], c.Status == corev1.ConditionTrue
		}
	}
	return nil, false
}

// about are the names of the Pod and of one of its containers, which may be nil.
func (e Evidence) about(c *corev1.ContainerStatus) map[string]string {
	names := map[string]string{"pod": e.Pod.Name, "namespace": e.Pod.Namespace, "node": e.Pod.Spec.NodeName, "aNode": "a node"}
	if e.Pod.Spec.NodeName != "" {
		names["aNode"] = fmt.Sprintf("node %q", e.Pod.Spec.NodeName)
	}
	names["arch"] = names["aNode"]
	if e.Node != nil {
		names["arch"] += fmt.Sprintf(" (%s/%s)", e.Node.Status.NodeInfo.OperatingSystem, e.Node.Status.NodeInfo.Architecture)
	}
	if c == nil {
		return names
	}
	names["container"], names["image"] = c.Name, c.Image
	for _, spec := range slices.Concat(e.Pod.Spec.InitContainers, e.Pod.Spec.Containers) {
		if spec.Name == c.Name {
			names["image"] = spec.Image
			names["memory"] = spec.Resources.Limits.Memory().String()
		}
	}
	return names
}

// whole: the Pod has ended (status.phase and status.reason, from the kubelet,
// the eviction manager or the node lifecycle controller), or someone ends it.
func (e Evidence) whole() (signs []sign) {
	if c, yes := condition(e.Pod, corev1.DisruptionTarget); yes {
		signs = append(signs, sign{at: whole, reason: c.Reason, message: c.Message, since: c.LastTransitionTime.Time, about: e.about(nil)})
	}
	// The kubelet reports by an Event what the status shows only when all
	// containers have ended.
	for _, ev := range e.newestFirst() {
		if slices.Contains([]string{"DeadlineExceeded", "Evicted", "Preempted", "TaintManagerEviction"}, ev.Reason) {
			signs = append(signs, sign{at: whole, reason: ev.Reason, message: ev.Message, since: firstSeen(ev), about: e.about(nil)})
		}
	}
	if phase := e.Pod.Status.Phase; phase == corev1.PodFailed || phase == corev1.PodSucceeded {
		s := sign{at: whole, reason: cmp.Or(e.Pod.Status.Reason, string(phase)), message: e.Pod.Status.Message, about: e.about(nil)}
		if c, _ := condition(e.Pod, corev1.PodReady); c != nil {
			s.since = c.LastTransitionTime.Time
		}
		signs = append(signs, s)
	}
	return signs
}

// Reasons of a container that waits for its image (k8s.io/kubernetes,
// pkg/kubelet/images/types.go).
var pullReasons = []string{"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
	"RegistryUnavailable", "SignatureValidationFailed"}

// containers: the init containers come first, as they do in the Pod's life.
func (e Evidence) containers() (signs []sign) {
	for _, c := range slices.Concat(e.Pod.Status.InitContainerStatuses, e.Pod.Status.ContainerStatuses) {
		about := e.about(&c)
		switch w, t := c.State.Waiting, c.State.Terminated; {
		case w != nil && slices.Contains(pullReasons, w.Reason):
			s := sign{at: pull, reason: w.Reason, message: w.Message + e.unreadSecrets(), about: about}
			s.since, s.times = e.warned(e.sharing(c.Image), isPullWarning)
			signs = append(signs, s)
		case w != nil && w.Reason == "CrashLoopBackOff" && c.LastTerminationState.Terminated != nil:
			signs = append(signs, ended(crashed, c.LastTerminationState.Terminated, about))
		case w != nil:
			// Of a container that is Blocked, the Pod has the message.
			s := sign{at: waiting, reason: w.Reason, message: cmp.Or(w.Message, e.Pod.Status.Message), about: about}
			s.since, s.times = e.warned([]string{c.Name}, func(ev corev1.Event) bool { return ev.Reason == "Failed" })
			signs = append(signs, s)
		case t != nil && t.ExitCode != 0 && (e.Pod.Spec.RestartPolicy == corev1.RestartPolicyNever || c.RestartCount > 0):
			signs = append(signs, ended(crashed, t, about))
		case t != nil && t.ExitCode != 0:
			signs = append(signs, ended(restarting, t, about))
		}
	}
	return signs
}

// unreadSecrets is what the kubelet says of image pull secrets that it cannot read, or "": no
// cause while the pull may succeed without them.
func (e Evidence) unreadSecrets() string {
	for _, ev := range e.newestFirst() {
		if ev.Reason == "FailedToRetrieveImagePullSecret" {
			return "; " + ev.Message
		}
	}
	return ""
}

func ended(at place, t *corev1.ContainerStateTerminated, about map[string]string) sign {
	message := fmt.Sprintf("exit code %d", t.ExitCode)
	if t.Signal != 0 {
		message += fmt.Sprintf(", signal %d", t.Signal)
	}
	if t.Message != "" {
		message += ": " + strings.TrimSpace(t.Message)
	}
	return sign{at: at, reason: t.Reason, message: message, since: t.FinishedAt.Time, about: about}
}

// warnings are the Warnings about the Pod, the last one first, but for those
// that its state has overtaken.
func (e Evidence) warnings() (signs []sign) {
	all := slices.Concat(e.Pod.Status.InitContainerStatuses, e.Pod.Status.ContainerStatuses)
	for _, ev := range e.newestFirst() {
		if ev.Type != corev1.EventTypeWarning {
			continue
		}
		s := sign{at: starting, reason: ev.Reason, message: ev.Message, since: firstSeen(ev), about: e.about(nil)}
		_, s.times = e.warned(nil, func(other corev1.Event) bool { return other.Reason == ev.Reason })
		if i := slices.IndexFunc(all, func(c corev1.ContainerStatus) bool { return IsAbout(ev, c.Name) }); i >= 0 {
			s.at, s.about = stopped, e.about(&all[i])
			if w := all[i].State.Waiting; w != nil && slices.Contains(pullReasons, w.Reason) {
				s.at = pull // where the state says no more than that it backs off
				s.message += e.unreadSecrets()
				_, s.times = e.warned(e.sharing(all[i].Image), isPullWarning)
			}
			switch r := all[i].State.Running; {
			case r != nil:
				if s.at = running; LastSeen(ev).Before(r.StartedAt.Time) {
					continue
				}
			case ev.Reason == "Unhealthy" && !hasRun(all[i]):
				s.at = running // only what runs is probed: the status is older than the Event
			case ev.Reason == "Unhealthy" && !e.isKilled(all[i]):
				continue // it has ended by itself, before its probe failed often enough
			}
		} else if slices.ContainsFunc(all, hasRun) {
			continue
		}
		signs = append(signs, s)
	}
	return signs
}

// IsAbout reports whether an Event is about a container: its path is then
// spec.containers{NAME}.
func IsAbout(ev corev1.Event, container string) bool {
	return strings.HasSuffix(ev.InvolvedObject.FieldPath, "{"+container+"}")
}

// isKilled reports whether a container that does not run was ended by its kubelet: that says so, or
// the program got a signal.
func (e Evidence) isKilled(c corev1.ContainerStatus) bool {
	t := cmp.Or(c.State.Terminated, c.LastTerminationState.Terminated)
	bySignal := t != nil && t.Reason != "OOMKilled" && (t.ExitCode == 128+int32(syscall.SIGKILL) || t.ExitCode == 128+int32(syscall.SIGTERM))
	return bySignal || slices.ContainsFunc(e.Events, func(ev corev1.Event) bool {
		return ev.Reason == "Killing" && IsAbout(ev, c.Name) && (t == nil || !LastSeen(ev).Before(t.StartedAt.Time))
	})
}

func hasRun(c corev1.ContainerStatus) bool {
	return c.State.Running != nil || c.State.Terminated != nil || c.LastTerminationState.Terminated != nil
}

func (e Evidence) newestFirst() []corev1.Event {
	return slices.SortedStableFunc(slices.Values(e.Events), func(a, b corev1.Event) int { return LastSeen(b).Compare(LastSeen(a)) })
}

// sharing returns the names of the containers with an image. A kubelet backs off for an image, and
// not for a container: of those that share it, only one may have the attempts to pull it.
func (e Evidence) sharing(image string) (names []string) {
	for _, c := range slices.Concat(e.Pod.Status.InitContainerStatuses, e.Pod.Status.ContainerStatuses) {
		if c.Image == image {
			names = append(names, c.Name)
		}
	}
	return names
}

// warned returns when the first of the Warnings that match came, or zero, and how
// often they came: those about one of the containers, or, where there is none, about the Pod.
func (e Evidence) warned(containers []string, match func(corev1.Event) bool) (first time.Time, times int) {
	for _, ev := range e.Events {
		about := ev.InvolvedObject.FieldPath == ""
		if len(containers) > 0 {
			about = slices.ContainsFunc(containers, func(name string) bool { return IsAbout(ev, name) })
		}
		if ev.Type != corev1.EventTypeWarning || !about || !match(ev) {
			continue
		}
		if t := firstSeen(ev); first.IsZero() || t.Before(first) {
			first = t
		}
		times += timesSeen(ev)
	}
	return first, times
}

// isPullWarning reports whether an Event is about an attempt to pull an image; of each
// the kubelet says also "Error: REASON".
func isPullWarning(ev corev1.Event) bool {
	return slices.Contains([]string{"Failed", "ErrImageNeverPull", "InspectFailed"}, ev.Reason) && !strings.HasPrefix(ev.Message, "Error: ")
}

// timesSeen is how often an Event came.
func timesSeen(ev corev1.Event) int {
	if ev.Series != nil {
		return int(ev.Series.Count)
	}
	return max(1, int(ev.Count))
}

// firstSeen is when an Event came first.
func firstSeen(ev corev1.Event) time.Time {
	if !ev.FirstTimestamp.IsZero() {
		return ev.FirstTimestamp.Time
	}
	return ev.EventTime.Time
}

// LastSeen is when an Event came last: reporters fill in either the old fields
// or the new ones. It is in whole seconds in most cases.
func LastSeen(ev corev1.Event) time.Time {
	if ev.Series != nil {
		return ev.Series.LastObservedTime.Time
	}
	if !ev.LastTimestamp.IsZero() {
		return ev.LastTimestamp.Time
	}
	return ev.EventTime.Time
}

func (e Evidence) scheduling() []sign {
	c, scheduled := condition(e.Pod, corev1.PodScheduled)
	if c == nil || scheduled {
		return nil
	}
	message := c.Message
	for i := range e.Nodes {
		if s := notReady(&e.Nodes[i]); s != nil {
			message += fmt.Sprintf("; node %q is not Ready: %s", e.Nodes[i].Name, s.words())
		}
	}
	s := sign{at: scheduling, reason: c.Reason, message: message, since: c.LastTransitionTime.Time, about: e.about(nil)}
	for _, ev := range e.newestFirst() {
		if slices.Contains(autoscalerReasons, ev.Reason) {
			s.message = ev.Message + "; " + s.words()
			s.reason = ev.Reason
			break
		}
	}
	return []sign{s}
}

// autoscalerReasons are those of the Events in which an autoscaler says whether it adds a
// Node for a Pod: cluster-autoscaler (processors/status/eventing_scale_up_processor.go) and
// Karpenter (pkg/controllers/provisioning/scheduling/events.go).
var autoscalerReasons = []string{"TriggeredScaleUp", "NotTriggerScaleUp", "Nominated"}

// node: the Pod's Node is not Ready, as it says itself, or, where it may not be
// read, as the node lifecycle controller says of the Pod.
func (e Evidence) node() []sign {
	if e.Node != nil {
		if s := notReady(e.Node); s != nil {
			s.about = e.about(nil)
			return []sign{*s}
		}
		return nil
	}
	if ev := e.NodeLost(); ev != nil {
		return []sign{{at: node, reason: ev.Reason, message: ev.Message, since: firstSeen(*ev), about: e.about(nil)}}
	}
	return nil
}

func notReady(n *corev1.Node) *sign {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return &sign{at: node, reason: c.Reason, since: c.LastTransitionTime.Time,
				message: strings.TrimSuffix(c.Message, ".") + ", since " + c.LastTransitionTime.UTC().Format(time.RFC3339)}
		}
	}
	return nil
}

// Node is the Cause of a Node that is not Ready, or nil.
func Node(n *corev1.Node) *Cause {
	s := notReady(n)
	if s == nil {
		return nil
	}
	s.at, s.about = alone, map[string]string{"node": n.Name}
	return look([]sign{*s})
}

// NodeLost is the Event by which the cluster reports that it has lost the Pod's Node
// (k8s.io/kubernetes, pkg/controller/util/node), or nil.
func (e Evidence) NodeLost() *corev1.Event {
	ready, isReady := condition(e.Pod, corev1.PodReady)
	if isReady || ready == nil {
		return nil
	}
	for _, ev := range e.newestFirst() {
		// One from before has been overtaken: the Node, or the Pod, was back since.
		if ev.Reason == "NodeNotReady" && !LastSeen(ev).Before(ready.LastTransitionTime.Add(-time.Second)) {
			return &ev
		}
	}
	return nil
}
