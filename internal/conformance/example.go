package conformance

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// examplePart decides the claims of an example: the check of a claim has its ID.
type examplePart struct {
	checks []Check
	plan   *engine.Plan
}

// newExamplePart makes the checks of an example of the catalogue.
func newExamplePart(e *example.Example) (*examplePart, error) {
	name := e.Metadata.Name
	assertions, err := example.LoadAssertions(examples.FS, name, e)
	if err != nil {
		return nil, err
	}
	plan, err := engine.Compile(e)
	p := &examplePart{plan: plan}
	for _, a := range assertions {
		p.checks = append(p.checks, Check{Profile: name, Assertion: a})
	}
	return p, err
}

func (p *examplePart) run(ctx context.Context, r *Runner, shared run.Options, decided func()) outcome {
	collector := report.NewCollector()
	opts := engine.Options{Options: shared, FailFast: true}
	opts.Images = p.overrides(opts.Images)
	engine.Run(ctx, r.clients, p.plan, opts, observer(decided), collector.Handle)
	done := collector.Report()
	r.ran(done.Images)
	return outcome{results: p.results(done, context.Cause(ctx)), problems: problemsOf(done.Cleanup)}
}

// overrides are those of the images that the example has.
func (p *examplePart) overrides(images map[string]string) map[string]string {
	has := maps.Clone(images)
	maps.DeleteFunc(has, func(name, _ string) bool { return p.plan.Example.Spec.Images[name].Reference == "" })
	return has
}

// results are what the report of a run comes to; stopped is what ended it early, or
// nil.
func (p *examplePart) results(done *v1alpha1.Report, stopped error) []v1alpha1.AssertionResult {
	notRun := "the run did not get this far"
	switch {
	case done.Error != "":
		notRun = done.Error
	case stopped != nil:
		notRun = stopped.Error()
	}
	out := all(p.checks, v1alpha1.AssertionNotChecked, notRun)
	for _, sc := range done.Scenarios {
		broken := notRun // or by what an earlier step of the scenario could not do
		for _, st := range sc.Steps {
			took := st.ElapsedMilliseconds
			for _, c := range st.Claims {
				i := slices.IndexFunc(p.checks, func(check Check) bool { return check.ID == c.ID })
				if i < 0 {
					continue
				}
				outcome, reason := resultOfClaim(st, c, broken)
				out[i] = p.checks[i].result(outcome, reason)
				out[i].ElapsedMilliseconds, took = took, 0
			}
			if st.Failure != nil {
				broken = reasonOfFailure(st)
			}
		}
	}
	return out
}

// resultOfClaim: where a program in a container ended with an error, such as a
// curl that got no answer, the claims about it do not hold; where kubectl did not
// come that far, they are open.
func resultOfClaim(st v1alpha1.Step, c v1alpha1.Claim, broken string) (v1alpha1.AssertionOutcome, string) {
	switch {
	case c.Outcome == v1alpha1.Met:
		return v1alpha1.AssertionPassed, ""
	case c.Outcome == v1alpha1.Failed:
		return v1alpha1.AssertionFailed, join(report.Reason(c), engine.LastLine(st.Stderr))
	case st.NotApplicable != nil:
		return v1alpha1.AssertionSkipped, st.NotApplicable.What
	case st.Failure != nil && st.Failure.Verdict == v1alpha1.ClaimFailed:
		return v1alpha1.AssertionFailed, reasonOfFailure(st)
	case st.Failure != nil:
		return v1alpha1.AssertionNotChecked, reasonOfFailure(st)
	default:
		return v1alpha1.AssertionNotChecked, broken
	}
}

func reasonOfFailure(st v1alpha1.Step) string {
	return join(st.Failure.Message, st.Failure.What, st.Failure.Why, engine.LastLine(st.Stderr))
}

// problemsOf are what went wrong outside of what is decided: a cleanup that is not
// complete. c may be nil.
func problemsOf(c *v1alpha1.Cleanup) []string {
	if c == nil || c.Error == "" {
		return nil
	}
	return []string{join("the cleanup is incomplete: "+c.Error, "to delete the leftovers: "+c.RemoveCommand)}
}

// join puts together the texts that there are, but for those that an earlier one begins with.
func join(texts ...string) string {
	var out []string
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" && !slices.ContainsFunc(out, func(earlier string) bool { return strings.HasPrefix(earlier+"; ", text+"; ") }) {
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}
