package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// pods collects what the events say of Pods, as they were first seen.
type pods []*pod

type pod struct {
	v1alpha1.Pod
	firstSeen time.Time
}

// see adds a state of a Pod. What was seen earlier of its way to Ready stays: a
// Pod that is being deleted is not Ready any more, but was.
func (p *pods) see(now v1alpha1.Pod, at time.Time) {
	i := slices.IndexFunc(*p, func(known *pod) bool { return known.UID == now.UID })
	if i < 0 {
		i = len(*p)
		*p = append(*p, &pod{firstSeen: at})
	}
	known := (*p)[i]
	timeline := known.Timeline
	for _, m := range now.Timeline {
		if slices.ContainsFunc(timeline, func(k v1alpha1.Moment) bool { return k.What == m.What && k.Container == m.Container }) {
			continue
		}
		// What had happened before the run looked, it cannot date; but a run looks
		// as soon as it has made a Pod.
		if m.What == engine.PodCreated || m.What == engine.PodScheduled || at.After(known.firstSeen) {
			m.ObservedMilliseconds = new(at.Sub(known.firstSeen).Milliseconds())
		}
		timeline = append(timeline, m)
	}
	known.Pod = now
	known.Timeline = timeline
}

func (p *pods) list() []v1alpha1.Pod {
	var out []v1alpha1.Pod
	for _, known := range *p {
		entry := known.Pod
		entry.Timeline = slices.SortedStableFunc(slices.Values(entry.Timeline), func(a, b v1alpha1.Moment) int {
			return cmp.Or(a.Time.Compare(b.Time.Time), cmp.Compare(rank(a), rank(b)))
		})
		out = append(out, entry)
	}
	slices.SortStableFunc(out, func(a, b v1alpha1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// rank orders what happened within one second of the cluster's clock.
func rank(m v1alpha1.Moment) int {
	return slices.Index([]string{engine.PodCreated, engine.PodScheduled, engine.ImagePulled, engine.ContainerStarted, engine.PodReady}, m.What)
}

// imagesInUse lists the images of the example and of the Pods, with what the
// nodes found for them.
func imagesInUse(named []v1alpha1.Image, pods []v1alpha1.Pod) []v1alpha1.Image {
	out := slices.Clone(named)
	for _, p := range pods {
		for _, c := range p.Containers {
			i := slices.IndexFunc(out, func(image v1alpha1.Image) bool { return image.Reference == c.Image })
			if i < 0 {
				i = len(out)
				out = append(out, v1alpha1.Image{Reference: c.Image})
			}
			if c.ImageID != "" && !slices.Contains(out[i].IDs, c.ImageID) {
				out[i].IDs = append(out[i].IDs, c.ImageID)
			}
		}
	}
	return out
}
