package expect

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Page decides what a page shows of the commands of a run.
type Page interface {
	// Differences are those between a statement of the page and what happened.
	Differences(statement string, f Facts) ([]Difference, error)
	// Bound is what the cluster has for a value that the page shows, or the value itself.
	Bound(value string, f Facts) string
	// Bindings are the values that the page shows of a step, and what the cluster has for them.
	Bindings(f Facts) []v1alpha1.Bound
}

// Difference is what a page shows and the cluster does not.
type Difference struct {
	// Text says it in a sentence.
	Text string
	// Shown is what the page has, Found what the cluster has; "" where there is nothing.
	Shown, Found string
	// Final: time does not change it.
	Final bool
}

// shown are the functions that read the page: without a Page they are only declared. It keeps
// the differences that they find.
type shown struct {
	facts Facts
	page  Page
	found []Difference
}

func (s *shown) functions() []cel.EnvOption {
	var holds, bound []cel.OverloadOpt
	if s.page != nil {
		holds = append(holds, cel.UnaryBinding(s.holds))
		bound = append(bound, cel.UnaryBinding(func(value ref.Val) ref.Val {
			return types.String(s.page.Bound(fmt.Sprint(value.Value()), s.facts))
		}))
	}
	text := []*cel.Type{cel.StringType}
	return []cel.EnvOption{
		cel.Function("shown", cel.Overload("shown_string", text, cel.BoolType, holds...)),
		cel.Function("bound", cel.Overload("bound_string", text, cel.StringType, bound...)),
	}
}

func (s *shown) holds(statement ref.Val) ref.Val {
	found, err := s.page.Differences(fmt.Sprint(statement.Value()), s.facts)
	if err != nil {
		return types.WrapErr(err)
	}
	s.found = append(s.found, found...)
	return types.Bool(len(found) == 0)
}

// mismatches are the differences, and whether they are all final.
func (s *shown) mismatches() (all []v1alpha1.Mismatch, final bool) {
	final = true
	for _, d := range s.found {
		m := v1alpha1.Mismatch{Text: d.Text, Expected: d.Shown}
		if d.Found != "" {
			m.Found = []v1alpha1.Value{{Value: d.Found}}
		}
		all, final = append(all, m), final && d.Final
	}
	return all, final
}

// Undecided is the error of a statement that nothing decides, for its command failed.
type Undecided struct{ Why string }

func (u Undecided) Error() string { return u.Why }
