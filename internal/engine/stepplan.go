package engine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
)

// StepPlan is a step as the example has it, with its expressions: enough to
// tell what would have happened, and to replay it elsewhere.
type StepPlan struct {
	// Name is what later steps call it, or "".
	Name  string
	Words example.Command
	// Show is the pattern that standard output is filtered by, or "".
	Show string
	// MayFail: a claim judges the exit code, so that another one than 0 does
	// not end the scenario.
	MayFail bool
	// Within is how long the command is run again until its claims hold; 0 means once.
	Within time.Duration
	Claims []ClaimPlan
	// Position is where the step is on its page, if it is made from one.
	Position example.Position
}

// ClaimPlan is a claim and what decides it.
type ClaimPlan struct {
	// ID is the claim's short name, or "".
	ID    string
	Claim string
	// Expression is in CEL.
	Expression string
	// Within is how long it may take to become true; 0 means at once.
	Within time.Duration
	// Position is where the claim is on its page, if it is made from one.
	Position example.Position
}

// planOf is a step's plan, with the attempt's images.
func (r *attempt) planOf(st step) StepPlan {
	command, err := r.images.command(st.command)
	if err != nil {
		command = st.command // the step itself will fail for it
	}
	plan := st.plan(command, r.patch)
	if r.plan.Page != nil {
		plan.Position = st.at.Position()
		for i := range plan.Claims {
			plan.Claims[i].Position = st.claims[i].at.Position()
		}
	}
	return plan
}

// plan is the step's, with what a cluster's policy adds to its command.
func (st step) plan(command example.Command, patch podpatch.Patch) StepPlan {
	p := StepPlan{Name: st.name, Words: patched(command, patch), MayFail: st.readsExitCode, Within: st.within}
	if st.show != nil {
		p.Show = st.show.String()
	}
	for _, c := range st.claims {
		p.Claims = append(p.Claims, ClaimPlan{ID: c.id, Claim: c.text, Expression: c.that.Source, Within: c.within})
	}
	return p
}

// patched adds to a command what the patch adds to its words. Meanwhile a text
// that no command can hold stands in for each expression.
func patched(command example.Command, patch podpatch.Patch) example.Command {
	exprs := command.Exprs()
	n := -1
	words, err := command.Expand(func(string) (string, error) {
		n++
		return fmt.Sprintf("\x00%d\x00", n), nil
	})
	if err == nil {
		words, err = patch.Command(words)
	}
	if err != nil {
		return command // the step itself will fail for it
	}
	out := make(example.Command, len(words))
	for i, w := range words {
		for j, text := range strings.Split(w, "\x00") {
			if index, err := strconv.Atoi(text); j%2 == 1 && err == nil {
				out[i] = append(out[i], example.Part{Text: exprs[index], IsExpr: true})
			} else if text != "" {
				out[i] = append(out[i], example.Part{Text: text})
			}
		}
	}
	return out
}
