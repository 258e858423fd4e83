package conformance

import (
	"fmt"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// Options are what a user decides about a run of the suite.
type Options struct {
	run.Options
	// Profiles are the ones to run; none means all.
	Profiles []string
	// Skip are the assertions, by ID, that are not held against the cluster, each
	// with the reason.
	Skip map[string]string
	// ToolVersion is told in the report.
	ToolVersion string
	// Progress, where it is not nil, is told what goes on. It may be called by
	// several goroutines.
	Progress func(string)
}

// shellImage is the short name of the image that serves and probes wherever no example
// says what does.
const shellImage = "shell"

// complete fills in what is left to the suite, and tells what is wrong.
func (o *Options) complete(s *Suite) error {
	if len(o.Profiles) == 0 {
		o.Profiles = Profiles()
	}
	for _, p := range o.Profiles {
		if !slices.Contains(Profiles(), p) {
			return fmt.Errorf("profile %q: %s", p, example.Unknown("profile", p, Profiles()))
		}
	}
	o.Profiles = slices.DeleteFunc(Profiles(), func(p string) bool { return !slices.Contains(o.Profiles, p) })
	for id, reason := range o.Skip {
		if !s.has(id) {
			return fmt.Errorf("skip %q: there is no such assertion; kubectl kbe conformance --list has them all", id)
		}
		if reason == "" {
			return fmt.Errorf("skip %q: expected a reason, found none", id)
		}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o.Validate()
}
