package engine

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

// Compile turns an example into a Plan. The error is example.Problems, and holds
// everything that is wrong with it; no cluster is contacted. It accepts an example
// that did not load without problems, too, to find those that a loader cannot.
func Compile(e *example.Example) (*Plan, error) {
	env, err := expect.NewEnv()
	if err != nil {
		return nil, err
	}
	c := &compiler{env: env, example: e, made: map[object]maker{}}
	for _, name := range slices.Sorted(maps.Keys(e.Files)) {
		c.problems = append(c.problems, checkManifest(e.Files[name], e.Manifest(name))...)
	}
	p := &Plan{Example: e, texts: map[string]*expect.Expression{}}
	for _, image := range e.Spec.Images {
		if image.Instead.File != "" {
			call := example.TextCall(image.Instead.File)
			p.texts[call] = c.expression(image.Instead.At.Field("file"), "file: ", call, 0, env.Text)
		}
	}
	for _, sc := range e.Spec.Scenarios {
		compiled := scenario{Scenario: sc}
		c.scenario, c.earlier = sc.Name, nil
		for _, st := range sc.Steps {
			compiled.steps = append(compiled.steps, c.step(st))
			if st.Name != "" {
				c.earlier = append(c.earlier, st.Name)
			}
		}
		p.scenarios = append(p.scenarios, compiled)
	}
	if err := example.Join(c.problems); err != nil {
		return nil, err
	}
	return p, nil
}

// enough problems are found when no reader would want more: Compile may end early.
const enough = 1000

type compiler struct {
	env     *expect.Env
	example *example.Example
	// scenario is the present one, earlier are the names of its steps so far.
	scenario string
	earlier  []string
	// made is what the steps so far create.
	made map[object]maker
	// commands counts them.
	commands int
	problems example.Problems
}

func (c *compiler) fail(at example.Place, offset int, text string) {
	c.problems = append(c.problems, at.ProblemAt(offset, text))
}

func (c *compiler) step(st example.Step) step {
	s := step{Step: st, exprs: map[string]*expect.Expression{}}
	if st.NotRun == "" {
		s.command, s.parsed = c.command(st, s.exprs)
	}
	if st.Early {
		c.checkEarly(s)
	}
	s.within = c.within(s)
	if st.Show != "" {
		s.show, _ = regexp.Compile(st.Show) // the loader has reported it
	}
	// A claim sees its own command's outcome as stdout, not through steps.
	for _, x := range st.Expect {
		that := c.expression(x.At.Field("that"), "that: ", x.That, 0, c.env.Condition)
		if that == nil {
			continue
		}
		within, _ := time.ParseDuration(x.Within) // the loader has reported it
		s.claims = append(s.claims, claim{x, that, within})
		s.readsExitCode = s.readsExitCode || that.Reads(expect.ExitCode) || that.Calls("shown")
	}
	return s
}

// within is how long a step's command is run again.
func (c *compiler) within(st step) time.Duration {
	if st.Within == "" {
		return 0
	}
	if verb, ok := st.command.Verb(); ok && !slices.Contains(repeatable, verb) {
		c.fail(st.At.Field("within"), 0, "within: expected a command that reads ("+strings.Join(repeatable, ", ")+"), found kubectl "+verb+
			"; set it on a claim instead")
	}
	within, _ := time.ParseDuration(st.Within) // the loader has reported it
	return within
}

// checkEarly reports why a command cannot be sent before the steps before it.
func (c *compiler) checkEarly(st step) {
	at := st.At.Field("early")
	if verb, ok := st.command.Verb(); ok && !slices.Contains(creating, verb) {
		c.fail(at, 0, "early: expected a command that creates ("+strings.Join(creating, ", ")+"), found kubectl "+verb)
	}
	for text, x := range st.exprs {
		if x != nil && slices.ContainsFunc(later, func(name string) bool { return x.Reads(name) || x.Calls(name) }) {
			c.fail(at, 0, "early: expected expressions that read images and run only, found $("+text+")")
		}
	}
}

// later are the variables and functions of what is known only in a step's turn.
var later = []string{"steps", "pod", "pods", "events", "logs", "shown", "bound"}

// command parses a step's command, and compiles its expressions.
func (c *compiler) command(st example.Step, exprs map[string]*expect.Expression) (cmd example.Command, parsed *kubectl.Parsed) {
	at := st.At.Field("run")
	cmd, err := example.ParseCommand(st.Run)
	if err != nil || !cmd.IsKubectl() {
		return nil, nil // the loader has reported it
	}
	verbs := kubectl.Verbs()
	if verb, ok := cmd.Verb(); !ok && len(cmd) > 1 {
		c.fail(at, cmd[1].Offset(), "run: expected a kubectl command, found an expression")
	} else if ok && !slices.Contains(verbs, verb) {
		text := example.Unknown("kubectl command", verb, verbs)
		if example.Nearest(verb, verbs) == "" { // most are commands of kubectl
			text = "`kubectl " + verb + "` is not allowed in an example; expected one of " + strings.Join(verbs, ", ")
		}
		c.fail(at, cmd[1].Offset(), "run: "+text)
	} else if c.commands++; ok && c.commands <= example.MostSteps {
		parsed = c.words(at, cmd)
	}
	for _, w := range cmd {
		for _, part := range w {
			if part.IsExpr {
				exprs[part.Text] = c.expression(at, "run: ", part.Text, part.Offset, c.env.Text)
			}
		}
	}
	return cmd, parsed
}

// expression compiles an expression, which begins at an offset into the text at
// a place. It returns nil where the expression is wrong; it, or the loader, has said why.
func (c *compiler) expression(at example.Place, field, source string, begin int,
	compile func(string) (*expect.Expression, error)) *expect.Expression {
	if strings.TrimSpace(source) == "" || len(c.problems) >= enough {
		return nil
	}
	x, err := compile(source)
	if wrong, ok := errors.AsType[*expect.SourceError](err); ok {
		for _, p := range c.explained(wrong) {
			c.fail(at, begin+p.Offset, field+p.Text)
		}
		return nil
	}
	for variable, known := range map[string][]string{
		"images": slices.Sorted(maps.Keys(c.example.Spec.Images)),
		"steps":  c.earlier,
		"run":    {"id", "namespace"},
	} {
		for _, key := range x.Keys(variable) {
			if !slices.Contains(known, key.Name) {
				c.fail(at, begin+key.Offset, field+example.Unknown(keyed[variable], key.Name, known))
			}
		}
	}
	return x
}

// explained are the problems of an expression, and what its author may have meant.
func (c *compiler) explained(wrong *expect.SourceError) []expect.SourceProblem {
	if strings.HasPrefix(wrong.Source, "kubectl ") {
		return []expect.SourceProblem{{Text: "expected an expression, found a command: make it a step with a name, and read its output as steps.NAME.stdout"}}
	}
	for _, name := range c.earlier {
		if i := strings.Index(wrong.Source, "steps."+name); i >= 0 && strings.Contains(name, "-") {
			return []expect.SourceProblem{{Offset: i, Text: fmt.Sprintf("expected steps[%q]: the name has a dash, which an expression reads as a minus", name)}}
		}
	}
	for i, p := range wrong.Problems {
		if p.Undeclared != "" {
			wrong.Problems[i].Text = example.Unknown("name", p.Undeclared, c.env.Names())
		}
	}
	return wrong.Problems
}

// keyed says what the names of a map are.
var keyed = map[string]string{"images": "image", "steps": "earlier step", "run": "field of run"}
