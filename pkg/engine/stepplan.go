package engine

import (
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/example"
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
	Claims  []ClaimPlan
}

// ClaimPlan is a claim and what decides it.
type ClaimPlan struct {
	Claim string
	// Expression is in CEL.
	Expression string
	// Within is how long it may take to become true; 0 means at once.
	Within time.Duration
}

func (st step) plan() StepPlan {
	p := StepPlan{Name: st.name, Words: st.command, MayFail: st.readsExitCode}
	if st.show != nil {
		p.Show = st.show.String()
	}
	for _, c := range st.claims {
		p.Claims = append(p.Claims, ClaimPlan{c.text, c.that.Source, c.within})
	}
	return p
}
