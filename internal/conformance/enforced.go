package conformance

import (
	"context"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// enforcedPart decides whether the profile restricted proves anything: whether the
// cluster enforces what a Namespace requires.
type enforcedPart struct{ list }

func (enforcedPart) name() string { return "enforced" }

func (enforcedPart) needs(ownNamespace bool) rbac.Needs {
	return inNamespace(rbac.Core("pods", "create"), ownNamespace)
}

func (p enforcedPart) run(ctx context.Context, r *Runner, where place) ([]v1alpha1.AssertionResult, []string) {
	if why := r.cannot(ctx, where); why != "" {
		return all(p, v1alpha1.AssertionSkipped, why), nil
	}
	enforces := false
	problems, err := r.session(ctx, where, func(s *session.Session) (bool, error) {
		enforces = s.EnforcesRestricted(ctx)
		return false, nil
	})
	switch {
	case err != nil:
		return all(p, v1alpha1.AssertionNotChecked, err.Error()), problems
	case !enforces:
		return all(p, v1alpha1.AssertionFailed, "a plain pod was admitted: is the admission plugin PodSecurity enabled?"), problems
	default:
		return all(p, v1alpha1.AssertionPassed, ""), problems
	}
}
