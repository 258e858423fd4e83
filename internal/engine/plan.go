package engine

import (
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

// Plan is an example that is ready to run: every command parsed, every
// expression type-checked, every manifest decoded.
type Plan struct {
	Example *example.Example
	// Page is what a page shows, where the example is made from one.
	Page      expect.Page
	scenarios []scenario
	// texts are the expressions of files that a command has only where an image of it
	// is replaced.
	texts map[string]*expect.Expression
}

// Claims counts the claims of the Plan.
func (p *Plan) Claims() int {
	n := 0
	for _, sc := range p.scenarios {
		for _, st := range sc.steps {
			n += len(st.claims)
		}
	}
	return n
}

// Select returns the Plan with the named scenarios only, in the example's order;
// without a name it returns them all.
func (p *Plan) Select(names ...string) (*Plan, error) {
	if len(names) == 0 {
		return p, nil
	}
	selected := &Plan{Example: p.Example, Page: p.Page, texts: p.texts}
	var known []string
	for _, sc := range p.scenarios {
		known = append(known, sc.Name)
		if slices.Contains(names, sc.Name) {
			selected.scenarios = append(selected.scenarios, sc)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, errors.New(example.Unknown("scenario", name, known))
		}
	}
	return selected, nil
}

// scenario is one of the example, its steps compiled.
type scenario struct {
	example.Scenario
	steps []step
}

// step is one of the example, compiled.
type step struct {
	example.Step
	command example.Command
	// parsed is the command as kubectl understands it, without the values of its
	// expressions; nil where it does not run.
	parsed *kubectl.Parsed
	exprs  map[string]*expect.Expression
	show   *regexp.Regexp
	claims []claim
	// within is Within: 0 means that the command runs once.
	within time.Duration
	// readsExitCode: a claim judges the exit code, so that a command that
	// exits non-zero is no failure in itself.
	readsExitCode bool
}

// claim is one of the example, compiled.
type claim struct {
	example.Expectation
	that *expect.Expression
	// within is Within: 0 means at once.
	within time.Duration
}

// verbWait is the one command that the engine performs itself.
const verbWait = "wait"
