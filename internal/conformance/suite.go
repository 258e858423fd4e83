package conformance

import (
	"context"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
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
	var parts []part
	add := func(name string, needs rbac.Needs, decide func(context.Context, reach.Env, []Check) (outcome, error), is func(Check) bool) {
		p := part{name: name, decide: decide, needs: func(own bool) rbac.Needs { return rbac.InNamespace(needs, own) }}
		for _, c := range checks {
			if in(c.Profile) && is(c) {
				p.checks = append(p.checks, c)
			}
		}
		if len(p.checks) > 0 {
			parts = append(parts, p)
		}
	}
	add("enforced", rbac.Core("pods", "create"), decideEnforced, func(c Check) bool { return c.enforced })
	for _, name := range Profiles() {
		if p := s.examples[name]; p != nil && in(name) {
			parts = append(parts, part{name: name, checks: p.checks, needs: p.plan.Needs, example: p})
		}
	}
	// The list of the nodes is optional: rbac.Conformance has it.
	add("nodes", rbac.ProbePods(), decideNodes, func(c Check) bool { return c.nodes != nil })
	add("vantages", rbac.Reach(), decidePlaces, func(c Check) bool { return c.rows != nil })
	return parts
}

// Checks are those of a profile, in the order of its report.
func (s *Suite) Checks(profile string) []Check {
	var out []Check
	for _, p := range s.parts(profile) {
		out = append(out, p.checks...)
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
