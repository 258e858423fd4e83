package expect

import (
	"errors"

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

var errNoPage = errors.New("the example is not made from a page")

func (e *evaluation) shown(args []string) (any, error) {
	if e.Page == nil {
		return nil, errNoPage
	}
	found, err := e.Page.Differences(args[0], e.Facts)
	e.found = append(e.found, found...)
	return len(found) == 0, err
}

func (e *evaluation) bound(args []string) (any, error) {
	if e.Page == nil {
		return nil, errNoPage
	}
	return e.Page.Bound(args[0], e.Facts), nil
}

// mismatches are the differences, and whether they are all final.
func (e *evaluation) mismatches() (all []v1alpha1.Mismatch, final bool) {
	final = true
	for _, d := range e.found {
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
