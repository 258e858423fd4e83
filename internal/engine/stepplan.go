package engine

import (
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// planned is a step before it runs, with its place on a page.
func (r *attempt) planned(st step) v1alpha1.Step {
	planned := st.planned()
	if r.plan.Page != nil {
		planned.Position = positionOf(st.At)
		for i := range planned.Claims {
			planned.Claims[i].Position = positionOf(st.claims[i].At)
		}
	}
	return planned
}

// positionOf is a place on a page.
func positionOf(at example.Place) *v1alpha1.Position {
	p := at.Position()
	return &v1alpha1.Position{File: p.File, Line: p.Line}
}

// planned is the step before it runs.
func (st step) planned() v1alpha1.Step {
	planned := v1alpha1.Step{
		Name: st.Name, Say: strings.TrimSpace(st.Say), MayFail: st.readsExitCode, WithinMilliseconds: st.within.Milliseconds(),
	}
	if st.show != nil {
		planned.Show = st.show.String()
	}
	for _, c := range st.claims {
		planned.Claims = append(planned.Claims, v1alpha1.Claim{
			ID: c.ID, Claim: c.Claim, Expression: c.that.Source, WithinMilliseconds: c.within.Milliseconds(), Outcome: v1alpha1.NotChecked,
		})
	}
	return planned
}
