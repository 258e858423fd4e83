package expect

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
)

// Facts are what an expression can see: the outcome of the step's command, and
// the objects of the run.
type Facts struct {
	Outcome
	// Images are the image references in use, overrides applied, by short name.
	Images map[string]string
	// RunID and Namespace are those of the run.
	RunID     string
	Namespace string
	// Elapsed is how long the step's command took.
	Elapsed time.Duration
	// Steps are the outcomes of the scenario's earlier steps that have a name.
	Steps map[string]Outcome
	// Texts are the files beside the example, by name.
	Texts map[string]string
	// Objects reads the run's objects; nil where there is no cluster.
	Objects Objects
	// Step is the name of the step whose command printed Stdout, or "".
	Step string
	// Page decides what a page shows; nil where the example is not made from a page.
	Page Page
}

// Outcome is what a command left behind.
type Outcome struct {
	Stdout   string
	Stderr   string
	ExitCode int
	// StdoutCut and StderrCut are how many bytes the command printed beyond those
	// that were kept: what reads a text that was cut cannot be decided.
	StdoutCut, StderrCut int64
}

// Objects reads objects of the run's Namespace, as the API server has them now.
type Objects interface {
	// Pod returns the Pod of that name.
	Pod(ctx context.Context, name string) (map[string]any, error)
	// Pods returns the Pods that a label selector matches.
	Pods(ctx context.Context, selector string) ([]any, error)
	// Added returns the names of the containers that admission has added to the Pod of
	// that name, which Pod and Pods leave out.
	Added(ctx context.Context, name string) ([]string, error)
	// Events returns the Events about the object of that name.
	Events(ctx context.Context, name string) ([]any, error)
	// Logs returns what a container has written so far.
	Logs(ctx context.Context, pod, container string) (string, error)
}

// ExitCode is the variable that holds the exit code of the step's command.
const ExitCode = "exitCode"

// Env type-checks expressions. It is safe for concurrent use.
type Env struct{ env *cel.Env }

// NewEnv returns the environment of all expressions: CEL's standard library,
// its strings and network extensions, and
//
//	stdout, stderr  string            what the command printed
//	exitCode        int               the command's exit code
//	images          map(string,string) the images in use, by short name
//	run.id, run.namespace             the run's ID and Namespace
//	elapsed         duration          how long the command took
//	steps.NAME.stdout, .stderr, .exitCode  the outcome of an earlier step that has a name
//	pod(name)       the Pod of that name in the run's Namespace, as the API server has it now,
//	                with the containers that the example has
//	added(name)     the names of the containers that admission has added to it, as meshes do
//	pods(selector)  the Pods that a label selector matches
//	events(name)    the Events about the object of that name
//	logs(pod, container)  what a container has written so far
//	json(text)      the value that a JSON text holds
//	hostport(host, port)  both as a URL has them, an IPv6 address in brackets
//	shown(statement)  whether what a page shows is what happened
//	bound(value)    what the cluster has for a value that a page shows, such as an IP address
//	file(name)      the content of a file beside the example, as $(cat NAME) in a shell
func NewEnv() (*Env, error) {
	env, err := cel.NewEnv(slices.Concat([]cel.EnvOption{
		cel.Variable("stdout", cel.StringType),
		cel.Variable("stderr", cel.StringType),
		cel.Variable(ExitCode, cel.IntType),
		cel.Variable("images", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("run", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("elapsed", cel.DurationType),
		cel.Variable("steps", cel.MapType(cel.StringType, cel.DynType)),
		ofTexts("json", 1, cel.DynType, parseJSON),
		cel.Function("hostport", cel.Overload("hostport_string_int", []*cel.Type{cel.StringType, cel.IntType}, cel.StringType,
			cel.BinaryBinding(func(host, port ref.Val) ref.Val {
				return types.String(net.JoinHostPort(fmt.Sprint(host.Value()), fmt.Sprint(port.Value())))
			}))),
		ext.Strings(),
		ext.Network(),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
		cel.EnableMacroCallTracking(), // so that explanations show macros as they were written
	}, bounded(), (&evaluation{}).functions())...)
	if err != nil {
		return nil, fmt.Errorf("build the CEL environment: %w", err)
	}
	return &Env{env: env}, nil
}

// cel-go has one error for all calls that have no overload, and notes in it, unlocked, the
// place of the first that has none: expressions that are evaluated in parallel would race.
// Once a place is noted, it writes no other.
func init() { types.LabelErrNode(1, types.NoSuchOverloadErr()) }

// Expression is a type-checked expression.
type Expression struct {
	env *Env
	ast *cel.Ast
	// Source is the expression as it was written.
	Source string
}

// Condition compiles an expression that decides a claim: its type is bool. The
// error is a *SourceError.
func (e *Env) Condition(source string) (*Expression, error) {
	x, err := e.compile(source, cel.BoolType)
	if err == nil && x.isConstant() {
		return nil, &SourceError{source, []SourceProblem{{Text: "expected an expression that reads something of the run, such as stdout or pod(NAME); this one has the same value in each run"}}}
	}
	return x, err
}

// Text compiles an expression that becomes part of a command: its type is
// string or int, or is not known before it is evaluated. The error is a
// *SourceError.
func (e *Env) Text(source string) (*Expression, error) {
	return e.compile(source, cel.StringType, cel.IntType)
}

func (e *Env) compile(source string, want ...*cel.Type) (*Expression, error) {
	checked, issues := e.env.Compile(source)
	if issues.Err() != nil {
		return nil, sourceError(source, issues)
	}
	got := checked.OutputType()
	ok := got.IsExactType(cel.DynType)
	for _, t := range want {
		ok = ok || got.IsExactType(t)
	}
	if !ok {
		return nil, &SourceError{source, []SourceProblem{{Text: fmt.Sprintf("expected type %s, found %s", want[0], got)}}}
	}
	return &Expression{env: e, ast: checked, Source: source}, nil
}

func (x *Expression) eval(e *evaluation) (ref.Val, *cel.EvalDetails, error) {
	// The functions that read the facts were declared for their types: only now is it
	// known what they read.
	env, err := x.env.env.Extend(e.functions()...)
	if err != nil {
		return nil, nil, err
	}
	prg, err := env.Program(x.ast, cel.EvalOptions(cel.OptTrackState),
		cel.InterruptCheckFrequency(interruptEvery), limitCost())
	if err != nil {
		return nil, nil, err
	}
	out, details, err := prg.ContextEval(e.ctx, map[string]any{
		"stdout":  printed("stdout", e.Stdout, e.StdoutCut),
		"stderr":  printed("stderr", e.Stderr, e.StderrCut),
		ExitCode:  int64(e.ExitCode),
		"images":  e.Images,
		"run":     map[string]string{"id": e.RunID, "namespace": e.Namespace},
		"elapsed": e.Elapsed,
		"steps":   steps(e.Steps),
	})
	return out, details, limitError(err)
}

// printed is what a command printed, or an error where it is not all there: what
// is not known must decide no claim.
func printed(name, text string, cut int64) any {
	if cut > 0 {
		return types.NewErr("%s: the command printed %d bytes, of which only the first %d are kept: reduce its output", name, int64(len(text))+cut, len(text))
	}
	return text
}

func steps(outcomes map[string]Outcome) map[string]any {
	m := map[string]any{}
	for name, o := range outcomes {
		of := "steps." + name + "."
		m[name] = map[string]any{
			"stdout": printed(of+"stdout", o.Stdout, o.StdoutCut),
			"stderr": printed(of+"stderr", o.Stderr, o.StderrCut),
			ExitCode: int64(o.ExitCode),
		}
	}
	return m
}

func parseJSON(args []string) (v any, err error) {
	if err := json.Unmarshal([]byte(args[0]), &v); err != nil {
		return nil, fmt.Errorf("json(): %w in %s", err, clip(fmt.Sprintf("%q", args[0])))
	}
	return v, nil
}
