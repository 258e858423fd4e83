package engine

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// creating are the commands that take --dry-run=server and make objects.
var creating = []string{"apply", "create", "run"}

// rehearse has the API server admit what the Plan would create in a Namespace of
// others, by the very commands with --dry-run=server: a name that is taken, a
// quota, a policy or a webhook that denies is reported before anything is created.
// In a Namespace of the run's own the commands themselves show it as early.
func (r *runner) rehearse(ctx context.Context) error {
	var mu sync.Mutex
	var denials []string
	a := &attempt{runner: r, kubectl: r.kubectl, images: r.images, patch: r.Patch}
	var wg sync.WaitGroup
	for _, sc := range r.plan.scenarios {
		wg.Go(func() {
			for _, st := range sc.steps {
				if denial := a.denial(ctx, st); denial != "" {
					mu.Lock()
					denials = append(denials, "  "+denial)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if len(denials) == 0 || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	slices.Sort(denials)
	return fmt.Errorf("nothing was created, because namespace %q does not admit these objects:\n%s",
		r.Session.Namespace, strings.Join(slices.Compact(denials), "\n"))
}

// undecided is what the API server says of an object that needs another one, which an earlier step may
// make, and of a webhook that decides on no dry run.
var undecided = regexp.MustCompile(`not found|was found|no matches for kind|does not support dry run`)

// refusal is how kubectl reports that the API server refuses. A webhook may give no
// reason for the parentheses, or any text, and a message of several lines. A
// ValidatingAdmissionPolicy without a reason refuses as validation does.
var refusal = regexp.MustCompile(`(?ms)^(?:Error from server(?: \(.*?\))?: (?:error when creating "[^"]*": )?|The \S+ "[^"]*" is invalid: : )(.*)\z`)

// denial is what the API server has against a step, or "". A step whose command
// only the run itself can know is left to the run.
func (r *attempt) denial(ctx context.Context, st step) string {
	if verb, _ := st.command.Verb(); st.readsExitCode || !slices.Contains(creating, verb) {
		return ""
	}
	inv, err := r.invocation(ctx, st, r.facts(nil))
	if err != nil {
		return ""
	}
	args, err := r.arguments(inv, func(Body) {})
	if err != nil {
		return ""
	}
	res, err := r.kubectl.Run(ctx, slices.Insert(args, 1, "--dry-run=server")...)
	if err != nil || res.ExitCode == 0 || undecided.MatchString(res.Stderr) {
		return ""
	}
	return refused(res.Stderr)
}

// refused is why the API server refuses an object, by what kubectl printed, or "".
func refused(stderr string) string {
	if m := refusal.FindStringSubmatch(stderr); m != nil {
		return strings.TrimSpace(m[1])
	}
	return ""
}
