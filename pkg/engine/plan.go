package engine

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/kubectl"
)

// Plan is an example that is ready to run: every command parsed, every
// expression type-checked, every manifest decoded.
type Plan struct {
	Example   *example.Example
	scenarios []scenario
}

type scenario struct {
	name, title string
	steps       []step
}

type step struct {
	name    string
	say     string
	command example.Command
	exprs   map[string]*expect.Expression
	show    *regexp.Regexp
	claims  []claim
	// readsExitCode: a claim judges the exit code, so that a command that
	// exits non-zero is no failure in itself.
	readsExitCode bool
}

type claim struct {
	text string
	that *expect.Expression
	// within is how long it may take to become true; 0 means at once.
	within time.Duration
}

// verbWait is the one command that the engine performs itself.
const verbWait = "wait"

// Compile turns an example into a Plan. The error joins everything that is
// wrong with it; no cluster is asked.
func Compile(e *example.Example) (*Plan, error) {
	env, err := expect.NewEnv()
	if err != nil {
		return nil, err
	}
	p := &Plan{Example: e}
	var errs []error
	for name, content := range e.Files {
		var manifest map[string]any
		if err := yaml.UnmarshalStrict(content, &manifest); err != nil || manifest["kind"] == nil {
			errs = append(errs, fmt.Errorf("%s/%s: expected one Kubernetes manifest with a kind: %w", e.Metadata.Name, name, orMissing(err, "kind")))
		}
	}
	for _, sc := range e.Spec.Scenarios {
		compiled := scenario{name: sc.Name, title: sc.Title}
		for i, st := range sc.Steps {
			s, err := compileStep(env, st)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: scenario %q, step %d: %w", e.Metadata.Name, sc.Name, i+1, err))
			}
			compiled.steps = append(compiled.steps, s)
		}
		p.scenarios = append(p.scenarios, compiled)
	}
	return p, errors.Join(errs...)
}

func compileStep(env *expect.Env, st example.Step) (step, error) {
	s := step{name: st.Name, say: strings.TrimSpace(st.Say), exprs: map[string]*expect.Expression{}}
	var err error
	if s.command, err = example.ParseCommand(st.Run); err != nil {
		return s, err
	}
	var errs []error
	verb, _ := s.command.Verb()
	if verb != verbWait && !slices.Contains(kubectl.Verbs(), verb) {
		errs = append(errs, fmt.Errorf("kubectl %s: expected one of %s, wait", verb, strings.Join(kubectl.Verbs(), ", ")))
	}
	for _, source := range s.command.Exprs() {
		x, err := env.Text(source)
		errs = append(errs, err)
		s.exprs[source] = x
	}
	if st.Show != "" {
		s.show, err = regexp.Compile(st.Show)
		errs = append(errs, err)
	}
	for _, x := range st.Expect {
		that, err := env.Condition(x.That)
		if err != nil {
			errs = append(errs, fmt.Errorf("claim %q: %w", x.Claim, err))
			continue
		}
		var within time.Duration
		if x.Within != "" {
			if within, err = time.ParseDuration(x.Within); err != nil {
				errs = append(errs, fmt.Errorf("claim %q: within: %w", x.Claim, err))
			}
		}
		s.claims = append(s.claims, claim{x.Claim, that, within})
		s.readsExitCode = s.readsExitCode || that.Reads(expect.ExitCode)
	}
	return s, errors.Join(errs...)
}

func orMissing(err error, field string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("found no %s", field)
}
