package conformance

import (
	"context"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// enforcedPart decides whether the profile restricted proves anything: whether the
// cluster enforces what a Namespace requires.
type enforcedPart struct{ list }

func (enforcedPart) name() string { return "enforced" }

func (enforcedPart) needs(ownNamespace bool) rbac.Needs {
	return rbac.InNamespace(rbac.Core("pods", "create"), ownNamespace)
}

func (p enforcedPart) run(ctx context.Context, r *Runner, where place) outcome {
	return r.carryOut(ctx, p, where, func(ctx context.Context, env *run.Environment) (outcome, error) {
		if !run.EnforcesRestricted(ctx, env.Session) {
			return outcome{results: all(p, v1alpha1.AssertionFailed, "a plain pod was admitted: is the admission plugin PodSecurity enabled?")}, nil
		}
		return outcome{results: all(p, v1alpha1.AssertionPassed, "")}, nil
	})
}
