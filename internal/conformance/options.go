package conformance

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// Options say which cluster, and what of the suite. The zero value runs all
// profiles on the cluster of the kubeconfig's current context, in namespaces of the
// suite's own.
type Options struct {
	// Config is the cluster's; where it is nil, Kubeconfig and Context find it as
	// kubectl does: "" are the files of $KUBECONFIG, or ~/.kube/config, and the
	// current context.
	Config     *rest.Config
	Kubeconfig string
	Context    string

	// Profiles are the ones to run; none means all.
	Profiles []string
	// Skip are the checks, by ID, that do not count, each with the reason; its subtest
	// is skipped.
	Skip map[string]string

	// Namespace is an existing one, in which only what the suite made is removed;
	// "" has each run make one of its own.
	Namespace string
	// Images override the images of the suite's pods by short name: simpleservice,
	// shell. All others are taken from Registry (HOST[:PORT][/PATH]), where it is
	// not "". PullSecret is the name of a Secret, in Namespace, with the registry's
	// credentials.
	Images     map[string]string
	Registry   string
	PullSecret string
	// WithSidecars lets service meshes add their sidecars to the suite's pods, which decline
	// them otherwise.
	WithSidecars bool

	// Timeout bounds the time until the last result, excluding cleanup; 0 means no
	// bound, and in a test as long as the test binary has.
	Timeout time.Duration
	// ReportFile is where a test writes the ConformanceReport, as YAML, or "".
	ReportFile string
	// ArtifactsDir is a folder for the pods, events and logs of what fails, or "":
	// for CI to upload.
	ArtifactsDir string
}

// shellImage is the short name of the image that serves and probes wherever no example
// says what does.
const shellImage = "shell"

// complete fills in what is left to the suite; its error says what is wrong.
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
			return fmt.Errorf("skip %q: no such assertion; see kubectl kbe conformance --list", id)
		}
		if reason == "" {
			return fmt.Errorf("skip %q: expected a reason, found none", id)
		}
	}
	opts := o.run()
	return opts.Validate()
}

// run are the options of each of the suite's runs.
func (o *Options) run() run.Options {
	return run.Options{
		Options:   session.Options{WithSidecars: o.WithSidecars, Timeout: o.Timeout},
		Namespace: o.Namespace, Images: o.Images, Registry: o.Registry, PullSecret: o.PullSecret, Dump: o.ArtifactsDir, DumpFailures: true,
	}
}
