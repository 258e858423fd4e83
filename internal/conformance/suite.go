package conformance

import (
	"context"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// The profiles.
const (
	// Pods is the page about pods.
	Pods = "pods"
	// Network: addresses, all pairs of nodes, all families, where a pod is reachable from.
	Network = "network"
	// Lifecycle: start, probes, restarts, exec, logs, attach, port-forward, the end.
	Lifecycle = "lifecycle"
	// Restricted is all of it where the Pod Security Standard restricted is enforced.
	Restricted = "restricted"
)

// Profiles are the names of all profiles, in the order in which they run.
func Profiles() []string { return []string{Pods, Network, Lifecycle, Restricted} }

// Suite is all checks there are.
type Suite struct {
	// examples are those that are profiles, by name.
	examples map[string]*examplePart
	// images are the references that the Pods use, by short name.
	images map[string]string
}

// part decides some checks of a profile in a run of its own.
type part interface {
	// name is that of the run, and in the name of its Namespace.
	name() string
	checks() []Check
	needs(ownNamespace bool) rbac.Needs
	// run decides the checks in a run.
	run(ctx context.Context, r *Runner, where place) outcome
}

// outcome is what the run of a part came to.
type outcome struct {
	// results has one for each of the part's checks, in their order.
	results []v1alpha1.AssertionResult
	// problems are those of the run itself, warnings what no check is about.
	problems, warnings []string
}

// list holds the checks of a part.
type list []Check

func (l list) checks() []Check { return l }

// Load returns the suite. Its error says what is wrong with an example, or with the
// assertions of its claims.
func Load() (*Suite, error) {
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		return nil, err
	}
	s := &Suite{examples: map[string]*examplePart{}, images: map[string]string{}}
	for _, e := range catalogue {
		name := e.Metadata.Name
		if !slices.Contains(Profiles(), name) {
			continue
		}
		if s.examples[name], err = newExamplePart(e); err != nil {
			return nil, err
		}
		for short, ref := range e.References() {
			s.images[short] = ref
		}
	}
	return s, nil
}

// parts are the runs that decide the checks of a profile: one for each example, and one
// for each other way to decide a check.
func (s *Suite) parts(profile string) []part {
	in := func(of string) bool { return of == profile || profile == Restricted }
	pick := func(is func(Check) bool) (picked list) {
		for _, c := range checks {
			if in(c.Profile) && is(c) {
				picked = append(picked, c)
			}
		}
		return picked
	}
	all := []part{enforcedPart{pick(func(c Check) bool { return c.enforced })}}
	for _, name := range Profiles() {
		if p := s.examples[name]; p != nil && in(name) {
			all = append(all, p)
		}
	}
	all = append(all,
		matrixPart{pick(func(c Check) bool { return c.nodes != nil })},
		placesPart{pick(func(c Check) bool { return c.rows != nil })})
	return slices.DeleteFunc(all, func(p part) bool { return len(p.checks()) == 0 })
}

// Images are the references that the Pods use, by short name.
func (s *Suite) Images() map[string]string { return s.images }

// Checks are those of a profile, in the order of its report.
func (s *Suite) Checks(profile string) []Check {
	var out []Check
	for _, p := range s.parts(profile) {
		out = append(out, p.checks()...)
	}
	return out
}

// Needs are what the profiles need to be permitted.
func (s *Suite) Needs(ownNamespace bool, profiles ...string) rbac.Needs {
	var needs rbac.Needs
	for _, profile := range profiles {
		for _, p := range s.parts(profile) {
			needs = rbac.Join(needs, p.needs(ownNamespace))
		}
	}
	return rbac.Join(needs, rbac.Conformance())
}

// has reports whether there is a check of that ID.
func (s *Suite) has(id string) bool {
	return slices.ContainsFunc(s.Checks(Restricted), func(c Check) bool { return c.ID == id })
}
