package report

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// A bar's times are as exact as their clock: the run's own where it watched the
// Pod from its creation on, and else the cluster's.
func TestTheClockOfAChart(t *testing.T) {
	all := []string{engine.PodCreated, engine.PodScheduled, engine.ContainerStarted, engine.PodReady}
	start := time.Unix(100, 0)
	for name, tc := range map[string]struct {
		first, last v1alpha1.Pod
		after       time.Duration
		from, to    int64
		byWatch     bool
	}{
		"watched":         {seen("a", all[:2]...), seen("a", all...), 1400 * time.Millisecond, 1400, 1400, true},
		"seen when Ready": {seen("a", all...), seen("a", all...), time.Second, 1000, 1000, false},
		"seen too late":   {seen("a", all[:3]...), late(seen("a", all...)), 200 * time.Millisecond, 1000, 9000, false},
	} {
		p := pods{}
		p.see(tc.first, start)
		p.see(tc.last, start.Add(tc.after))
		c := chartOf(p.list()[0])
		ready := c.Bars[len(c.Bars)-1]
		if ready.What != "Ready" || ready.From != tc.from || ready.To != tc.to || (c.Clock == "as observed by the run") != tc.byWatch {
			t.Errorf("%s: found %+v, %s", name, ready, c.Clock)
		}
	}
}

func late(seen v1alpha1.Pod) v1alpha1.Pod {
	seen.Timeline[len(seen.Timeline)-1].Time = metav1.Unix(9, 0)
	return seen
}

func TestAPodThatIsBeingDeletedWasReady(t *testing.T) {
	p := pods{}
	p.see(seen("a", engine.PodCreated, engine.PodReady), time.Unix(1, 0))
	p.see(seen("a", engine.PodCreated), time.Unix(2, 0))
	if got := p.list()[0].Timeline; len(got) != 2 || got[1].What != "Ready" {
		t.Errorf("found %+v", got)
	}
}
