package report

import (
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
)

// A bar's times are those at which the run saw a change; what it did not see has none.
func TestTheTimesOfAChart(t *testing.T) {
	all := []string{engine.PodCreated, engine.PodScheduled, engine.ContainerStarted, engine.PodReady}
	for name, tc := range map[string]struct {
		first []string
		bars  int
		ready int64
	}{
		"watched":         {all[:2], 3, 1400},
		"seen when Ready": {all, 1, -1},
	} {
		p := pods{}
		p.see(seen("a", tc.first...), time.Unix(100, 0))
		p.see(seen("a", all...), time.Unix(100, 0).Add(1400*time.Millisecond))
		c := chartOf(p.list()[0])
		if last := c.Bars[len(c.Bars)-1]; len(c.Bars) != tc.bars || (last.What == "Ready") != (tc.ready >= 0) || tc.ready >= 0 && (last.From != tc.ready || last.To != tc.ready) {
			t.Errorf("%s: found %+v", name, c.Bars)
		}
	}
}

func TestAPodThatIsBeingDeletedWasReady(t *testing.T) {
	p := pods{}
	p.see(seen("a", engine.PodCreated, engine.PodReady), time.Unix(1, 0))
	p.see(seen("a", engine.PodCreated), time.Unix(2, 0))
	if got := p.list()[0].Timeline; len(got) != 2 || got[1].What != "Ready" {
		t.Errorf("found %+v", got)
	}
}
