package engine

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubectl/pkg/util/podutils"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// watcher is the run's eye on its Namespace: one watch of the Pods and one of the
// Events, from the begin to the end of the run. It reports what it sees of the
// run's Pods, and wakes the claims that wait for a change.
type watcher struct {
	made func(metav1.Object) bool
	emit func(Body)

	mu      sync.Mutex
	changed chan struct{}      // closed at the next change
	changes map[string]changes // by the name of the Pod
	pods    map[types.UID]*corev1.Pod
	// added are, by the name of a Pod, the containers that admission has added to it.
	added map[string]addition
	// taken are Pods that the cluster takes away.
	taken map[types.UID]*corev1.Pod
	// deleted are Pods that are being deleted.
	deleted map[types.UID]bool
	events  map[types.UID]map[types.UID]corev1.Event // by what they are about
}

// watch begins to watch. What it returns ends it.
func (r *runner) watch(ctx context.Context) (stop func()) {
	// It sees the Pods also while an interrupted run cleans up.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.watcher = &watcher{
		made:    r.Session.Made,
		emit:    func(b Body) { r.emit(WholeRun, b) },
		changed: make(chan struct{}),
		changes: map[string]changes{},
		pods:    map[types.UID]*corev1.Pod{},
		added:   map[string]addition{},
		taken:   map[types.UID]*corev1.Pod{},
		deleted: map[types.UID]bool{},
		events:  map[types.UID]map[types.UID]corev1.Event{},
	}
	go r.Session.WatchPods(ctx, r.watcher.seePod)
	// A run may go on without Events: they show when an image was pulled, and more
	// of what keeps a Pod from being Ready.
	go r.Session.WatchEvents(ctx, r.watcher.seeEvent)
	return cancel
}

// addedTo is what admission has added to a Pod.
func (w *watcher) addedTo(pod string) addition {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.added[pod]
}

// addition is what admission has added to a Pod: containers, beside the first one that the run
// has created, which a command means that names none. Nothing is added where own is "".
type addition struct {
	own        string
	containers []string
}

// addedContainers are the names of all containers that admission has added to Pods.
func (w *watcher) addedContainers() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, of := range w.added {
		names = append(names, of.containers...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// next is closed at the next change.
func (w *watcher) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// nextLook ends at the next change of the run after which changed is true, and when it is time to look
// at a Node.
func (w *watcher) nextLook(ctx context.Context, changed func() bool) context.Context {
	ctx, cancel := context.WithTimeout(ctx, nodeLook)
	go func() {
		defer cancel()
		_ = wait.Until(ctx, w.next, func() (bool, error) { return changed(), nil }) // whose error is the end of ctx
	}()
	return ctx
}

// onTheWay reports whether a Pod of the run may yet become Ready by itself, or be restarted by a probe
// that has not failed often enough yet, or has, while the container takes its time to end.
func (w *watcher) onTheWay(failFast bool) bool {
	return slices.ContainsFunc(w.evidence(), func(e diagnose.Evidence) bool {
		ended := e.Pod.Status.Phase == corev1.PodSucceeded || e.Pod.Status.Phase == corev1.PodFailed
		switch {
		case ended:
			return false
		case podutils.IsPodReady(e.Pod):
			return isProbed(e, time.Now())
		}
		cause := e.Cause()
		return cause == nil || !cause.Workload && !cause.Ends(failFast)
	})
}

// isProbed reports whether a container of a Pod runs for less time than its liveness probe takes to fail, or is
// being ended because it has.
func isProbed(e diagnose.Evidence, now time.Time) bool {
	return slices.ContainsFunc(e.Pod.Spec.Containers, func(c corev1.Container) bool {
		p, all := c.LivenessProbe, e.Pod.Status.ContainerStatuses
		i := slices.IndexFunc(all, func(s corev1.ContainerStatus) bool { return s.Name == c.Name })
		if p == nil || i < 0 || all[i].State.Running == nil {
			return false
		}
		started := all[i].State.Running.StartedAt.Time
		takes := p.InitialDelaySeconds + (p.PeriodSeconds+p.TimeoutSeconds)*p.FailureThreshold
		return now.Sub(started) < time.Duration(takes)*time.Second || slices.ContainsFunc(e.Events, func(ev corev1.Event) bool {
			return ev.Reason == "Killing" && diagnose.IsAbout(ev, c.Name) && !diagnose.LastSeen(ev).Before(started)
		})
	})
}

// changesOf is how many changes there were of the Pod of that name, and of Events about it.
func (w *watcher) changesOf(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.changes[name]
	return c.pod + c.events
}

// changes are how many there were so far of a Pod, of Events about it, and of its logs as far
// as they are followed.
type changes struct {
	pod, events, logs int
	labels            labels.Set // the last ones of the Pod
}

// now returns what changes there were of each Pod, by name.
func (w *watcher) now() map[string]changes {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.changes)
}

// wake notes a change of what has that name, and lets all who wait for one look
// again. The caller holds the lock.
func (w *watcher) wake(name string, note func(*changes)) {
	now := w.changes[name]
	note(&now)
	w.changes[name] = now
	close(w.changed)
	w.changed = make(chan struct{})
}

// seeLog notes that a log of the Pod of that name has grown.
func (w *watcher) seeLog(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake(name, func(c *changes) { c.logs++ })
}

func (w *watcher) seePod(pod *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake(pod.Name, func(c *changes) { c.pod, c.labels = c.pod+1, pod.Labels })
	if !w.made(pod) {
		return
	}
	if own, added := session.AddedContainers(pod); len(added) > 0 && w.added[pod.Name].own == "" {
		w.added[pod.Name] = addition{own, added}
		w.emit(ContainersAdded{pod.Name, added})
	}
	if diagnose.Disruption(pod) != nil {
		w.taken[pod.UID] = pod
	}
	// What a Pod comes to when it is deleted is not its state in the run.
	if pod.DeletionTimestamp != nil {
		w.deleted[pod.UID] = true
		return
	}
	w.pods[pod.UID] = pod
	w.report(pod.UID)
}

func (w *watcher) seeEvent(event *corev1.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, one := event.InvolvedObject.Name, func(c *changes) { c.events++ }
	w.wake(name, one)
	if event.Reason == pullingReason {
		time.AfterFunc(pullLook, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.wake(name, one)
		})
	}
	about := event.InvolvedObject.UID
	if w.events[about] == nil {
		w.events[about] = map[types.UID]corev1.Event{}
	}
	w.events[about][event.UID] = *event
	if event.Reason == pulledReason {
		w.report(about)
	}
}

// about is what is known of a state of a Pod, with the Events as they are now.
func (w *watcher) about(pod *corev1.Pod) diagnose.Evidence {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.evidenceOf(pod)
}

// eventsOfControllers are, for each controller of a part of the run that there are Events
// about, those Events.
func (w *watcher) eventsOfControllers(part *session.Part) (out [][]corev1.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, events := range w.events {
		of := slices.Collect(maps.Values(events))
		if ref := of[0].InvolvedObject; ref.Kind != "Pod" && part.Controls(ref) {
			out = append(out, of)
		}
	}
	return out
}

// disruption is the Cause of a Pod of a part of the run that the cluster takes
// away, or nil.
func (w *watcher) disruption(part *session.Part) *diagnose.Cause {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pod := range w.taken {
		if part.Made(pod) {
			return diagnose.Disruption(pod)
		}
	}
	return nil
}

// pulling reports whether an image is being pulled for a Pod of a part of the run, and
// returns a channel that is closed at the next change.
func (w *watcher) pulling(part *session.Part) (is bool, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for uid, pod := range w.pods {
		if !w.deleted[uid] && part.Made(pod) && w.evidenceOf(pod).Pulling() != nil {
			return true, w.changed
		}
	}
	return false, w.changed
}

// evidence is what is known of each Pod, as it is now.
func (w *watcher) evidence() (out []diagnose.Evidence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pod := range w.pods {
		out = append(out, w.evidenceOf(pod))
	}
	return out
}

// evidenceOf is what is known of a Pod. The caller holds the lock.
func (w *watcher) evidenceOf(pod *corev1.Pod) diagnose.Evidence {
	return diagnose.Evidence{Pod: pod, Events: slices.Collect(maps.Values(w.events[pod.UID]))}
}

// report reports what is known of a Pod. The caller holds the lock.
func (w *watcher) report(uid types.UID) {
	pod := w.pods[uid]
	if pod == nil {
		return
	}
	state := podState(pod)
	state.Timeline = append(state.Timeline, pulls(pod, slices.Collect(maps.Values(w.events[uid])))...)
	w.emit(PodSeen{state})
}
