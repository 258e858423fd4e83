package expect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// SourceError is why a text is no expression that can be used.
type SourceError struct {
	Source   string
	Problems []SourceProblem
}

// SourceProblem is one thing that is wrong with an expression.
type SourceProblem struct {
	// Offset is where, in bytes into the source.
	Offset int
	Text   string
	// Undeclared is the name that nothing is known by, or "".
	Undeclared string
}

func (e *SourceError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Text
	}
	return fmt.Sprintf("CEL expression %s: %s", e.Source, strings.Join(texts, "; "))
}

// noOverload matches CEL's words for an operator between values that it is not for.
var noOverload = regexp.MustCompile(`^found no matching overload for '_(\S+)_' applied to '\((\w+), (\w+)\)'$`)

// invalid matches CEL's words for a regular expression, a duration or a timestamp that is none.
var invalid = regexp.MustCompile(`^invalid (matches|duration|timestamp) argument$`)

// undeclared matches CEL's words for a name that it does not know.
var undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)

func sourceError(source string, issues *cel.Issues) *SourceError {
	e := &SourceError{Source: source}
	for _, issue := range issues.Errors() {
		text := strings.ReplaceAll(issue.Message, " (in container '')", "")
		if strings.HasPrefix(text, "Syntax error: token recognition error at: '=") {
			text += "; to compare, use =="
		}
		text = invalid.ReplaceAllString(text, "found an argument of $1() that is not valid")
		text = noOverload.ReplaceAllString(text, "`$1` does not take a value of type $2 and one of type $3")
		p := SourceProblem{Offset: offset(source, issue.Location), Text: text}
		if m := undeclared.FindStringSubmatch(text); m != nil {
			p.Undeclared = m[1]
		}
		e.Problems = append(e.Problems, p)
	}
	return e
}

// offset turns a place of CEL's, which is in characters, into bytes; of no place it is 0.
func offset(source string, at common.Location) int {
	begin, found := common.NewTextSource(source).LocationOffset(at)
	if !found {
		return 0
	}
	characters := []rune(source)
	return len(string(characters[:min(int(begin), len(characters))]))
}

// Names are what an expression can refer to: the variables and the functions.
func (e *Env) Names() []string {
	var names []string
	for _, v := range e.env.Variables() {
		names = append(names, v.Name())
	}
	for name := range e.env.Functions() {
		if plainName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// Key is a name by which an expression reads a map, as images.NAME or
// images["NAME"].
type Key struct {
	Name string
	// Offset is where, in bytes into the source.
	Offset int
}

// Keys returns the names by which the expression reads a variable; those that
// only show when it is evaluated are not among them.
func (x *Expression) Keys(variable string) []Key {
	native := x.ast.NativeRep()
	var keys []Key
	add := func(name string, at ast.Expr) {
		keys = append(keys, Key{name, offset(x.Source, native.SourceInfo().GetStartLocation(at.ID()))})
	}
	of := func(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == variable }
	ast.PreOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.SelectKind {
			if s := e.AsSelect(); of(s.Operand()) && !s.IsTestOnly() {
				add(s.FieldName(), s.Operand())
			}
		}
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index {
			args := e.AsCall().Args()
			if name, ok := literal(args[1]); ok && of(args[0]) {
				add(name, args[0])
			}
		}
	}))
	return keys
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().(types.String)
	return string(text), ok
}

// readers are the functions that read something of a run.
var readers = []string{"pod", "pods", "added", "events", "logs", "file", "shown", "bound"}

// isConstant reports whether the expression has neither a variable nor a reader.
func (x *Expression) isConstant() bool {
	return !x.any(func(e ast.Expr) bool {
		return e.Kind() == ast.IdentKind || e.Kind() == ast.CallKind && slices.Contains(readers, e.AsCall().FunctionName())
	})
}

// Reads reports whether the expression refers to a variable.
func (x *Expression) Reads(variable string) bool {
	return x.any(func(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == variable })
}

// Calls reports whether the expression calls a function.
func (x *Expression) Calls(function string) bool {
	return x.any(func(e ast.Expr) bool { return e.Kind() == ast.CallKind && e.AsCall().FunctionName() == function })
}

// any reports whether a condition is true of a part of the expression.
func (x *Expression) any(is func(ast.Expr) bool) bool {
	found := false
	ast.PreOrderVisit(x.ast.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) { found = found || is(e) }))
	return found
}
