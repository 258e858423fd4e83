package expect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Verdict is the outcome of a condition.
type Verdict struct {
	Holds bool
	// Mismatches are the parts of the condition that do not hold; none where it does.
	Mismatches []v1alpha1.Mismatch
	// Err says why the condition could not be evaluated to its end, such as a
	// field that the object does not have.
	Err error
	// Final: no later outcome of the command would be another one, as where a page shows a
	// column that kubectl does not have.
	Final bool
}

// Check evaluates a condition over facts. It returns when ctx ends, and when the
// limits of an evaluation are exceeded, whatever is being computed.
func (x *Expression) Check(ctx context.Context, f Facts) Verdict {
	v, err := compute(ctx, f, x.check)
	if err != nil {
		return Verdict{Err: err}
	}
	return v
}

func (x *Expression) check(e *evaluation) Verdict {
	out, details, err := x.eval(e)
	if err == nil && out.Value() == true {
		return Verdict{Holds: true}
	}
	v := Verdict{Err: err}
	if len(e.found) > 0 {
		v.Mismatches, v.Final = e.mismatches()
		return v
	}
	if err == nil {
		if _, isBool := out.Value().(bool); !isBool {
			v.Err = fmt.Errorf("expected true or false, found %s", show(out))
		}
	}
	why := explainer{info: x.ast.NativeRep().SourceInfo(), details: details}
	why.visit(x.ast.NativeRep().Expr())
	v.Mismatches = why.found
	return v
}

// Expand evaluates an expression to the text that takes its place in a command.
// It returns as Check does.
func (x *Expression) Expand(ctx context.Context, f Facts) (string, error) {
	type result struct {
		text string
		err  error
	}
	r, err := compute(ctx, f, func(e *evaluation) result {
		text, err := x.expand(e)
		return result{text, err}
	})
	if err = errors.Join(err, r.err); err != nil {
		return "", fmt.Errorf("$(%s): %w", x.Source, err)
	}
	return r.text, nil
}

func (x *Expression) expand(e *evaluation) (string, error) {
	out, _, err := x.eval(e)
	if err != nil {
		return "", err
	}
	switch v := out.Value().(type) {
	case string:
		switch {
		case v == "":
			return "", errors.New("expected a value, found an empty text")
		case len(v) > maxWord:
			return "", fmt.Errorf("expected a text of at most %d bytes, as a word of a command is, found %d", maxWord, len(v))
		}
		return v, nil
	case int64:
		return fmt.Sprint(v), nil
	default:
		return "", fmt.Errorf("expected a text or a whole number, found %s", show(out))
	}
}

// explainer collects the smallest parts of a condition that are not true.
type explainer struct {
	info    *ast.SourceInfo
	details *cel.EvalDetails
	found   []v1alpha1.Mismatch
}

func (e *explainer) visit(x ast.Expr) {
	if v, ok := e.value(x); ok && v.Value() == true {
		return
	}
	if x.Kind() == ast.CallKind {
		call := x.AsCall()
		switch call.FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr:
			for _, arg := range call.Args() {
				e.visit(arg)
			}
			return
		case operators.Equals, operators.NotEquals, operators.In,
			operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
			e.comparison(x, call)
			return
		}
	}
	if _, evaluated := e.value(x); !evaluated && len(e.found) > 0 {
		return // cut off by && or ||: it decided nothing
	}
	e.found = append(e.found, v1alpha1.Mismatch{Expression: e.text(x), Found: e.leaves(x)})
}

func (e *explainer) comparison(x ast.Expr, call ast.CallExpr) {
	left, right := call.Args()[0], call.Args()[1]
	_, leftKnown := e.value(left)
	if !leftKnown && left.Kind() != ast.LiteralKind && len(e.found) > 0 {
		return // never evaluated
	}
	m := v1alpha1.Mismatch{Expression: e.text(x)}
	if call.FunctionName() == operators.Equals {
		if left.Kind() == ast.LiteralKind {
			left, right = right, left
		}
		if v, ok := e.value(right); ok {
			m.Expected = show(v)
		} else if right.Kind() == ast.LiteralKind {
			m.Expected = show(right.AsLiteral())
		}
	}
	for _, side := range []ast.Expr{left, right} {
		if side.Kind() == ast.LiteralKind {
			continue
		}
		m.Found = append(m.Found, e.operand(side))
	}
	e.found = append(e.found, m)
}

// leaves returns the values that a part without a comparison was made from: the
// receiver and arguments of its call, or itself.
func (e *explainer) leaves(x ast.Expr) []v1alpha1.Value {
	var parts []ast.Expr
	switch x.Kind() {
	case ast.CallKind:
		call := x.AsCall()
		if call.IsMemberFunction() {
			parts = append(parts, call.Target())
		}
		parts = append(parts, call.Args()...)
	case ast.ComprehensionKind:
		parts = append(parts, x.AsComprehension().IterRange())
	default:
		parts = append(parts, x)
	}
	var out []v1alpha1.Value
	for _, p := range parts {
		if p.Kind() != ast.LiteralKind {
			out = append(out, e.operand(p))
		}
	}
	return out
}

func (e *explainer) operand(x ast.Expr) v1alpha1.Value {
	o := v1alpha1.Value{Expression: e.text(x), Value: "(no value)"}
	if v, ok := e.value(x); ok {
		o.Value = show(v)
	}
	return o
}

func (e *explainer) value(x ast.Expr) (ref.Val, bool) {
	if e.details == nil || e.details.State() == nil {
		return nil, false
	}
	v, ok := e.details.State().Value(x.ID())
	return v, ok && v != nil
}

func (e *explainer) text(x ast.Expr) string {
	s, err := cel.ExprToString(x, e.info)
	if err != nil {
		return "(expression)"
	}
	return s
}

// show writes a CEL value as JSON, shortened to what fits a report.
func show(v ref.Val) string {
	if err, isErr := v.Value().(error); isErr {
		return "error: " + err.Error()
	}
	if text, isText := v.(types.String); isText {
		v = text[:min(len(text), maxValue+1)]
	}
	room := maxShown
	if !fits(v, &room) {
		return fmt.Sprintf("(a value of more than %d KiB)", maxShown>>10)
	}
	native, err := v.ConvertToNative(types.JSONValueType)
	if err != nil { // such as an IP address, for which JSON has no type
		return clip(types.Format(v))
	}
	data, err := json.Marshal(native)
	if err != nil { // such as a text that is not UTF-8
		return clip(types.Format(v))
	}
	return clip(string(data))
}

// maxShown is how large a value may be to be written at all, in bytes: a small expression can
// make a huge one, of which each part is the same list.
const maxShown = 256 << 10

// maxValue is how much of a value a report shows, in bytes.
const maxValue = 300

func clip(s string) string {
	if len(s) <= maxValue {
		return s
	}
	return s[:maxValue] + "…"
}
