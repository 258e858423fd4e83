package conformance

import (
	"context"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// part decides some checks of a profile in a run of its own.
type part struct {
	// name is that of the run, and in the name of its Namespace.
	name   string
	checks []Check
	needs  func(ownNamespace bool) rbac.Needs
	// example decides the checks, or, where it is nil, decide does in a run's session.
	example *examplePart
	decide  func(context.Context, reach.Env, []Check) (outcome, error)
}

// outcome is what the run of a part came to.
type outcome struct {
	// results has one for each of the part's checks, in their order.
	results []v1alpha1.AssertionResult
	// problems are those of the run itself, warnings what no check is about.
	problems, warnings []string
}

// observer sees when the work of a part is done, and nothing else.
type observer func()

func (o observer) OnDecided(run.Result) { o() }

func (observer) OnDelay(string) {}

func (observer) OnStuckDeletion(_, _ string) {}

// run decides the checks in a run. It calls decided when the work is done, and the cleanup
// begins. The problems are those of the run.
func (p part) run(ctx context.Context, r *Runner, opts run.Options, decided func()) (out outcome) {
	if p.example != nil {
		return p.example.run(ctx, r, opts, decided)
	}
	work := run.Work{Name: p.name, Image: r.images[reach.ShellImage], Needs: p.needs(opts.Namespace == "")}
	work.Do = func(ctx context.Context, env *run.Environment) (verdict v1alpha1.Verdict, err error) {
		out, err = p.decide(ctx, reach.Env{Environment: env}, p.checks)
		if failing(out.results) {
			return v1alpha1.ClaimFailed, err
		}
		return v1alpha1.Passed, err
	}
	done := run.Run(ctx, r.clients, opts, work, observer(decided))
	out.problems = problemsOf(done.Cleanup)
	switch {
	case done.Err != nil:
		out.results = all(p.checks, v1alpha1.AssertionNotChecked, done.Explained(r.clients.Connection()))
	case out.results == nil:
		out.results = all(p.checks, v1alpha1.AssertionNotChecked, context.Cause(ctx).Error())
	}
	return out
}

// decideEnforced decides whether the profile restricted proves anything: whether the cluster
// enforces what a Namespace requires.
func decideEnforced(ctx context.Context, env reach.Env, checks []Check) (outcome, error) {
	enforces, err := run.EnforcesRestricted(ctx, env.Session, env.Image)
	if err != nil {
		return outcome{}, err
	}
	if !enforces {
		return outcome{results: all(checks, v1alpha1.AssertionFailed, "a plain pod was admitted: is the admission plugin PodSecurity enabled?")}, nil
	}
	return outcome{results: all(checks, v1alpha1.AssertionPassed, "")}, nil
}

// failing reports whether there is something to keep evidence of.
func failing(results []v1alpha1.AssertionResult) bool {
	return slices.ContainsFunc(results, func(r v1alpha1.AssertionResult) bool {
		return r.Result == v1alpha1.AssertionFailed || r.Result == v1alpha1.AssertionNotChecked
	})
}

// all gives all checks one result.
func all(checks []Check, outcome v1alpha1.AssertionOutcome, reason string) []v1alpha1.AssertionResult {
	var out []v1alpha1.AssertionResult
	for _, c := range checks {
		out = append(out, c.result(outcome, reason))
	}
	return out
}
