package reach

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// Env is where a run works: a session that its caller has opened and closes, and the
// image of its Pods.
type Env struct {
	*run.Environment
	// Image serves, with Python 3, and probes, with curl.
	Image string
	// PullSecret is the name of a Secret for the image's registry, or "".
	PullSecret string
	// Progress, where it is not nil, is called at any time, by one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	// Stage is what goes on, such as "starting pods".
	Stage       string
	Done, Total int
	// Failing is how many pairs fail so far.
	Failing int
}

func (p Progress) String() string {
	text := p.Stage
	if p.Total > 0 {
		text += fmt.Sprintf(": %d of %d", p.Done, p.Total)
	}
	if p.Failing > 0 {
		text += fmt.Sprintf(", %d failing", p.Failing)
	}
	return text
}
