package report

import (
	"maps"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Collector keeps the Report of a run up to date by its events, in whatever order the
// scenarios send them. It is the only one that reads events.
type Collector struct {
	report    v1alpha1.Report
	scenarios map[int]*scenario
	pods      pods
	// terminal shows the Report as it grows, or is nil.
	terminal *Terminal
}

// scenario is one of a run, and what only a terminal shows of it.
type scenario struct {
	v1alpha1.Scenario
	ended, stepEnded bool
	// stepBegin is when the last step began.
	stepBegin time.Time
	// earlier is what was shown of an attempt that does not count.
	earlier []Block
	// notes are on what happened meanwhile, of each step; at is the place of the next one.
	notes []notes
	at    int
}

// notes are what only a terminal shows of a step: by the index of the claim that they come
// before, or beforeOutput.
type notes map[int][]Block

const beforeOutput = -1

// NewCollector returns a Collector that has seen nothing.
func NewCollector() *Collector { return NewStory(nil) }

// NewStory returns a Collector that shows the run on a terminal, scenario by scenario.
func NewStory(t *Terminal) *Collector {
	return &Collector{scenarios: map[int]*scenario{}, terminal: t}
}

// Handle takes the next event.
func (c *Collector) Handle(ev engine.Event) {
	if b, ok := ev.Body.(engine.PodSeen); ok {
		c.pods.see(b.Pod, ev.Time)
		return
	}
	if ev.Scenario == engine.WholeRun {
		c.wholeRun(ev.Body)
	} else {
		if c.scenarios[ev.Scenario] == nil {
			c.scenarios[ev.Scenario] = &scenario{}
		}
		if _, begins := ev.Body.(engine.StepStarted); begins {
			c.scenarios[ev.Scenario].stepBegin = ev.Time
		}
		c.scenarios[ev.Scenario].handle(ev.Body)
	}
	if c.terminal != nil {
		c.story(ev)
	}
}

// Report returns the Report as of now, without credentials.
func (c *Collector) Report() *v1alpha1.Report {
	r := c.report
	r.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.Kind))
	r.Name = r.Example
	if r.Run.ID != "" {
		r.Name += "-" + r.Run.ID
	}
	for i := range len(c.scenarios) {
		if sc := c.scenarios[i]; sc != nil {
			r.Scenarios = append(r.Scenarios, sc.Scenario)
		}
	}
	r.Pods = c.pods.list()
	r.Images = imagesInUse(r.Images, r.Pods)
	return Redacted(&r)
}

func (c *Collector) wholeRun(body engine.Body) {
	r := &c.report
	switch b := body.(type) {
	case engine.RunStarted:
		r.Example, r.Title, r.Summary = b.Example, b.Title, b.Summary
		r.Run = b.Run
		for _, name := range slices.Sorted(maps.Keys(b.Images)) {
			r.Images = append(r.Images, v1alpha1.Image{Name: name, Reference: b.Images[name]})
		}
	case engine.ImageReplaced:
		i := slices.IndexFunc(r.Images, func(image v1alpha1.Image) bool { return image.Name == b.Name })
		r.Images[i].Replaced = b.Replaced
	case engine.RunEnded:
		r.RunResult, r.Example, r.Cause = b.RunResult, b.Example, CauseOf(b.Cause)
		for _, sc := range c.scenarios {
			counts := claimsOf(sc.Scenario)
			r.Claims.Met, r.Claims.Failed = r.Claims.Met+counts.Met, r.Claims.Failed+counts.Failed
		}
		r.Claims.Total, r.Claims.NotChecked = b.Claims, b.Claims-r.Claims.Met-r.Claims.Failed // also those of what was not begun
	}
}

func (sc *scenario) handle(body engine.Body) {
	switch b := body.(type) {
	case engine.ScenarioStarted:
		sc.Name, sc.Title = b.Name, b.Title
	case engine.ScenarioRepeated:
		sc.stepEnded = true
		sc.earlier = append(sc.attempt(newShown()), repeatedNote(b)...)
		sc.Repeated, sc.Steps, sc.notes = CauseOf(b.Cause), nil, nil
	case engine.ScenarioEnded:
		sc.ElapsedMilliseconds, sc.ended, sc.stepEnded = b.Elapsed.Milliseconds(), true, true
	case engine.StepStarted:
		sc.begin(b.Step)
		sc.stepEnded = b.Skipped
	case engine.StepEnded:
		sc.stepEnded = true
		sc.Steps[len(sc.Steps)-1].ElapsedMilliseconds = b.Elapsed.Milliseconds()
	default:
		if len(sc.Steps) == 0 { // what keeps the scenario from running again
			sc.begin(v1alpha1.Step{})
		}
		last := len(sc.Steps) - 1
		inStep(&sc.Steps[last], body)
		switch b := body.(type) {
		case engine.Output:
			sc.at = 0
		case engine.ClaimDecided:
			sc.at = b.Index + 1
		}
		sc.notes[last][sc.at] = append(sc.notes[last][sc.at], noteOf(body)...)
	}
}

// begin adds a step, whose claims are decided here.
func (sc *scenario) begin(step v1alpha1.Step) {
	step.Claims = slices.Clone(step.Claims)
	sc.Steps = append(sc.Steps, step)
	sc.notes, sc.at = append(sc.notes, notes{}), beforeOutput
}

func inStep(step *v1alpha1.Step, body engine.Body) {
	switch b := body.(type) {
	case engine.FileShown:
		step.Files = append(step.Files, v1alpha1.File{Name: b.Name, Content: b.Content})
	case engine.CommandShown:
		step.Command = b.Line
	case engine.CommandRepeated:
		step.Repeats++
	case engine.CommandRetried:
		step.Tries = b.Tries
	case engine.Output:
		step.Stdout, step.Stderr = b.Stdout, b.Stderr
	case engine.ClaimDecided:
		claim := &step.Claims[b.Index]
		claim.Outcome, claim.Error, claim.Mismatches = b.Outcome, b.Err, b.Mismatches
	case engine.ValuesBound:
		step.Bound = b.Bound
	case engine.StepFailed:
		step.Failure = &v1alpha1.Failure{Message: b.Err, Verdict: b.Verdict}
		if b.Cause != nil {
			step.Failure.Cause = *CauseOf(b.Cause)
		}
	case engine.StepNotApplicable:
		step.NotApplicable = CauseOf(b.Cause)
	case engine.EvidenceKept:
		eachText(reflect.ValueOf(&b.Evidence), Redact)
		step.Evidence = append(step.Evidence, b.Evidence)
	}
}

// CauseOf returns a diagnosis as reports have it.
func CauseOf(c *diagnose.Cause) *v1alpha1.Cause {
	if c == nil {
		return nil
	}
	cause := &v1alpha1.Cause{What: c.What, Why: c.Why, Remedy: c.Remedy}
	if !c.Since.IsZero() {
		cause.Since = new(metav1.NewTime(c.Since))
	}
	return cause
}
