package engine

import (
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Event is something that happened in a run.
type Event struct {
	Time time.Time
	// Scenario is the index of the scenario that the event belongs to, or
	// WholeRun. Scenarios run in parallel: their events come interleaved.
	Scenario int
	Body     Body
}

// WholeRun is the Scenario of events that belong to none.
const WholeRun = -1

// Body is one of the event types of this package.
type Body any

// RunStarted comes first, when the cluster has answered and the Namespace is ready.
type RunStarted struct {
	Example string
	Title   string
	Summary string
	Run     v1alpha1.Run
	// Images are the references in use, overrides applied, by short name.
	Images map[string]string
	// Hardened reports that Pods must meet the Pod Security Standard restricted, and
	// that all are made to meet it.
	Hardened bool
	// Sized reports that containers must have requests or limits, and that all get them.
	Sized bool
	// UnavailableAPIs are the aggregated APIs that are down, as GROUP/VERSION.
	UnavailableAPIs []string
	// EndedRuns is how many runs have ended and left something behind.
	EndedRuns int
}

// PreviewEnded comes last in a Preview.
type PreviewEnded struct{ Commands, Claims int }

// ScenarioStarted begins a scenario.
type ScenarioStarted struct{ Name, Title string }

// StepStarted begins a step, which is as the example has it, with its expressions: enough to
// show what would have happened, and to replay it elsewhere. One that is skipped, because an
// earlier one could not run, has no end.
type StepStarted struct{ v1alpha1.Step }

// FileShown is a file that the next command uses, as it is sent.
type FileShown struct{ Name, Content string }

// CommandShown is the command that runs now, as a user would type it.
type CommandShown struct{ Line string }

// Waiting is what a command that waits has seen last; it may come many times.
type Waiting struct{ For, State string }

// Trouble is what keeps a command waiting that may still pass.
type Trouble struct{ Cause *diagnose.Cause }

// ContainersAdded is a Pod of the run that admission has added containers to.
type ContainersAdded struct {
	Pod        string
	Containers []string
}

// CommandRepeated reports that the connection to the API server broke while the
// command ran, and that it runs again.
type CommandRepeated struct{ Cause *diagnose.Cause }

// Output is what the command printed, as far as it is shown.
type Output struct{ Stdout, Stderr string }

// ClaimDecided is what became of a claim. One that a failed command left open is not checked.
type ClaimDecided struct {
	// Index is its place among the claims of its step, of which two may have the same text.
	Index      int
	Outcome    v1alpha1.Outcome
	Mismatches []v1alpha1.Mismatch
	// Err says why the claim could not be evaluated, or "".
	Err string
}

// ValuesBound are the values of a page that stand for those of the cluster.
type ValuesBound struct{ Bound []v1alpha1.Bound }

// StepFailed reports that a command could not do its work.
type StepFailed struct {
	Err string
	// Cause is the diagnosis, where there is one.
	Cause *diagnose.Cause
	// Verdict is ClaimFailed where a program in a container ended with an error,
	// and CouldNotRun where it was not reached.
	Verdict v1alpha1.Verdict
}

// StepNotApplicable is a step that is not for this cluster, as healthy as it may be.
type StepNotApplicable struct{ Cause *diagnose.Cause }

// StepEnded ends a step.
type StepEnded struct{ Elapsed time.Duration }

// ScenarioRepeated reports that the cluster took a Pod of the scenario away, and that
// the scenario runs again, from its beginning: its earlier events do not count.
type ScenarioRepeated struct{ Cause *diagnose.Cause }

// ScenarioEnded ends a scenario.
type ScenarioEnded struct{ Elapsed time.Duration }

// RunEnded comes last.
type RunEnded struct {
	v1alpha1.RunResult
	// Example is its name: RunStarted is missing where the run could not start.
	Example string
	// Claims is how many the Plan has.
	Claims int
	// Cause is the diagnosis of the error that kept the run from starting, where there is one.
	Cause *diagnose.Cause
}
