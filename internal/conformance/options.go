package conformance

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
)

// Options are what a user decides about a run of the suite.
type Options struct {
	// Profiles are the ones to run; none means all.
	Profiles []string
	// Namespace is one that exists, or "" for new ones.
	Namespace string
	// Images override references by short name: shell, simpleservice.
	Images map[string]string
	// Registry is the host that all other images are taken from, or "".
	Registry string
	// PullSecret is the name of a Secret, in the Namespace that exists, with the
	// credentials for the images' registry, or "".
	PullSecret string
	// Skip are the assertions, by ID, that are not held against the cluster, each
	// with the reason.
	Skip map[string]string
	// Timeout bounds the time until the last result; 0 means no bound. The cleanup
	// has a budget of its own.
	Timeout time.Duration
	// Dump is a folder for the Pods, Events and logs of what fails, or "".
	Dump string
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
	if o.PullSecret != "" && o.Namespace == "" {
		return fmt.Errorf("image pull secret %q: a namespace of the run's own has no secrets: name the one that has it", o.PullSecret)
	}
	if o.Timeout < 0 {
		return fmt.Errorf("timeout %s: expected a time greater than 0, such as 10m", o.Timeout)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return nil
}

// references are those of the suite's images, by short name, as they are pulled.
func (o *Options) references(s *Suite) (map[string]string, error) {
	images := map[string]string{}
	for name, ref := range s.images {
		moved, err := podpatch.FromRegistry(ref, o.Registry)
		if err != nil {
			return nil, fmt.Errorf("registry: %w", err)
		}
		images[name] = moved
	}
	for name, ref := range o.Images {
		if images[name] == "" || ref == "" {
			return nil, fmt.Errorf("image %s=%s: expected NAME=REF: %s", name, ref, example.Unknown("image", name, slices.Sorted(maps.Keys(images))))
		}
		images[name] = ref
	}
	return images, nil
}
