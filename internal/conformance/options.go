package conformance

import (
	"fmt"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// Options say what of the suite to run, and how.
type Options struct {
	// Options are those of each run. Images are by short name: simpleservice, shell. Timeout
	// bounds the time until the last result, and Dump is for the pods, events and logs of what fails.
	run.Options
	// Profiles are the ones to run; none means all.
	Profiles []string
	// Skip are the checks, by ID, that do not count, each with the reason.
	Skip map[string]string
}

// complete fills in what is left to the suite; its error says what is wrong.
func (o *Options) complete(s *Suite) error {
	o.DumpFailures = true
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
			return fmt.Errorf("skip %q: no such assertion; see kubectl kbe conformance --list", id)
		}
		if reason == "" {
			return fmt.Errorf("skip %q: expected a reason, found none", id)
		}
	}
	return o.Validate()
}
