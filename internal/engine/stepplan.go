package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// planned is a step before it runs, with the attempt's images.
func (r *attempt) planned(st step) v1alpha1.Step {
	command, err := r.images.command(st.command)
	if err != nil {
		command = st.command // the step itself will fail for it
	}
	planned := st.planned(command, r.patch)
	if r.plan.Page != nil {
		planned.Position = positionOf(st.at)
		for i := range planned.Claims {
			planned.Claims[i].Position = positionOf(st.claims[i].at)
		}
	}
	return planned
}

// positionOf is a place on a page.
func positionOf(at example.Place) *v1alpha1.Position {
	p := at.Position()
	return &v1alpha1.Position{File: p.File, Line: p.Line}
}

// planned is the step before it runs, with what a cluster's policy adds to its command.
func (st step) planned(command example.Command, patch podpatch.Patch) v1alpha1.Step {
	planned := v1alpha1.Step{
		Name: st.name, Say: st.say, Words: patched(command, patch), MayFail: st.readsExitCode, WithinMilliseconds: st.within.Milliseconds(),
	}
	if st.show != nil {
		planned.Show = st.show.String()
	}
	for _, c := range st.claims {
		planned.Claims = append(planned.Claims, v1alpha1.Claim{
			ID: c.id, Claim: c.text, Expression: c.that.Source, WithinMilliseconds: c.within.Milliseconds(), Outcome: v1alpha1.NotChecked,
		})
	}
	return planned
}

// patched are the words of a command, with what the patch adds to them. Meanwhile a text
// that no command can hold stands in for each expression.
func patched(command example.Command, patch podpatch.Patch) []v1alpha1.Word {
	exprs := command.Exprs()
	n := -1
	words, _ := command.Expand(func(string) (string, error) { // which does not fail
		n++
		return fmt.Sprintf("\x00%d\x00", n), nil
	})
	if more, err := patch.Command(words); err == nil { // else the step itself will fail for it
		words = more
	}
	out := make([]v1alpha1.Word, len(words))
	for i, w := range words {
		out[i] = v1alpha1.Word{}
		for j, text := range strings.Split(w, "\x00") {
			if index, err := strconv.Atoi(text); j%2 == 1 && err == nil {
				out[i] = append(out[i], v1alpha1.Part{Expression: exprs[index]})
			} else if text != "" {
				out[i] = append(out[i], v1alpha1.Part{Text: text})
			}
		}
	}
	return out
}
