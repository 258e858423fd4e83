package conformance

import (
	"context"
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// place is where a part runs.
type place struct {
	name string
	// enforce is the Pod Security Standard that its Namespace is to enforce, or "".
	enforce string
	// decided is called when the work of the part is done, and its cleanup begins.
	decided func()
	// dump is a folder for what the cluster says of a failure, or "".
	dump string
}

// unenforced says why the Namespace that the user has chosen does not serve a profile, or
// is "".
func (r *Runner) unenforced(ctx context.Context, profile string) string {
	standard := standardOf(profile)
	if standard == "" || r.opts.Namespace == "" {
		return ""
	}
	s, err := session.Open(ctx, r.config, profile, r.opts.Namespace, session.Options{})
	if err != nil {
		return "" // the run itself will report it
	}
	defer s.Close(ctx) // it has made nothing
	if run.EnforcesRestricted(ctx, s) {
		return ""
	}
	return fmt.Sprintf("namespace %q does not enforce the Pod Security Standard %s; without -n, the suite creates one that does", r.opts.Namespace, standard)
}

// optionsOf are those of a part's run.
func (r *Runner) optionsOf(where place) run.Options {
	opts := r.opts.run()
	opts.Dump = where.dump
	if opts.Namespace == "" {
		opts.Enforce = where.enforce
	}
	return opts
}

// observer sees when the work of a part is done.
type observer struct {
	run.Unobserved
	decided func()
}

// OnDecided passes it on.
func (o observer) OnDecided(run.Result) { o.decided() }

// carryOut has a part decided in a run of its own. The problems are those of the run.
func (r *Runner) carryOut(ctx context.Context, p part, where place, decide func(context.Context, *run.Environment) (outcome, error)) (out outcome) {
	work := run.Work{Name: where.name, Needs: p.needs(r.opts.Namespace == "")}
	work.Do = func(ctx context.Context, env *run.Environment) (verdict v1alpha1.Verdict, err error) {
		out, err = decide(ctx, env)
		if failing(out.results) {
			return v1alpha1.ClaimFailed, err
		}
		return v1alpha1.Passed, err
	}
	done := run.Run(ctx, r.clients, r.optionsOf(where), work, observer{decided: where.decided})
	out.problems = problemsOf(done.Cleanup)
	switch {
	case done.Err != nil:
		out.results = all(p, v1alpha1.AssertionNotChecked, done.Explained(r.clients.Connection()))
	case out.results == nil:
		out.results = all(p, v1alpha1.AssertionNotChecked, context.Cause(ctx).Error())
	}
	return out
}
