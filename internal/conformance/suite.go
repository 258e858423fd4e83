package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// The profiles.
const (
	// Pods is the page about pods.
	Pods = "pods"
	// Network: addresses, all pairs of nodes, all families, where a Pod is reached from.
	Network = "network"
	// Lifecycle: start, probes, restarts, exec, logs, attach, port-forward, the end.
	Lifecycle = "lifecycle"
	// Restricted is all of it where the Pod Security Standard restricted is enforced.
	Restricted = "restricted"
)

// Profiles are the names of all profiles, in the order in which they run.
func Profiles() []string { return []string{Pods, Network, Lifecycle, Restricted} }

// Suite is all that there is to assert, by profile.
type Suite struct {
	parts map[string][]part
	// images are the references that the Pods ask for, by short name.
	images map[string]string
}

// part decides some assertions of a profile in a run of its own.
type part interface {
	// name is that of the run, and in the name of its Namespace.
	name() string
	assertions() []v1alpha1.Assertion
	needs(ownNamespace bool) rbac.Needs
	// run returns a result for each of the assertions, in their order, and the
	// problems of the run itself.
	run(ctx context.Context, r *Runner, where place) ([]v1alpha1.AssertionResult, []string)
}

// Load returns the suite. Its error tells of an assertion that is missing or that
// another has the ID of.
func Load() (*Suite, error) {
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		return nil, err
	}
	s := &Suite{parts: map[string][]part{}, images: map[string]string{}}
	for _, e := range catalogue {
		if !slices.Contains(Profiles(), e.Metadata.Name) {
			continue
		}
		p, err := newExamplePart(e)
		if err != nil {
			return nil, err
		}
		s.parts[e.Metadata.Name] = append(s.parts[e.Metadata.Name], p)
		for name, ref := range e.References() {
			s.images[name] = ref
		}
	}
	s.parts[Network] = append(s.parts[Network], matrixPart{}, placesOfNetwork)
	s.parts[Lifecycle] = append(s.parts[Lifecycle], placesOfLifecycle)
	s.parts[Restricted] = []part{enforcedPart{}}
	if err := s.validate(); err != nil {
		return nil, err
	}
	s.parts[Restricted] = slices.Concat(s.parts[Restricted], s.parts[Pods], s.parts[Network], s.parts[Lifecycle])
	return s, nil
}

// newExamplePart makes a part of an example of the catalogue.
func newExamplePart(e *example.Example) (*examplePart, error) {
	asserts, err := example.LoadAssertions(examples.FS, e.Metadata.Name, e)
	if err != nil {
		return nil, err
	}
	plan, err := engine.Compile(e)
	return &examplePart{plan: plan, asserts: asserts}, err
}

// validate makes sure that each assertion is complete, and each ID that of one.
func (s *Suite) validate() error {
	seen := map[string]string{}
	for _, profile := range Profiles() {
		for _, a := range s.Assertions(profile) {
			if err := example.ValidateAssertion(a); err != nil {
				return fmt.Errorf("assertion %q of the profile %s: %w", a.ID, profile, err)
			}
			if other := seen[a.ID]; other != "" {
				return fmt.Errorf("assertion %q of the profile %s: the profile %s has it too; give one of them another ID", a.ID, profile, other)
			}
			seen[a.ID] = profile
		}
	}
	return nil
}

// Assertions are those of a profile, in the order of its report.
func (s *Suite) Assertions(profile string) []v1alpha1.Assertion {
	var out []v1alpha1.Assertion
	for _, p := range s.parts[profile] {
		out = append(out, p.assertions()...)
	}
	return out
}

// Needs are what the profiles ask the API server for.
func (s *Suite) Needs(ownNamespace bool, profiles ...string) rbac.Needs {
	var needs rbac.Needs
	for _, profile := range profiles {
		for _, p := range s.parts[profile] {
			needs = rbac.Join(needs, p.needs(ownNamespace))
		}
	}
	return rbac.Join(needs, rbac.Conformance())
}

// has tells whether there is an assertion of that ID.
func (s *Suite) has(id string) bool {
	return slices.ContainsFunc(s.Assertions(Restricted), func(a v1alpha1.Assertion) bool { return a.ID == id })
}
