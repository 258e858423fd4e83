package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// evicted is a run whose scenario runs again.
func evicted() []engine.Event {
	cause := &diagnose.Cause{What: `pod "p" was evicted from node "n"`, Why: "EvictionByEvictionAPI: Eviction API: evicting", Remedy: "run it again"}
	step := func(out string, end engine.Body) []engine.Body {
		return []engine.Body{engine.StepStarted{Step: planned(out, v1alpha1.Claim{Claim: "It runs"})}, end, engine.StepEnded{}}
	}
	bodies := []engine.Body{engine.ScenarioStarted{Name: "only", Title: "Only"}}
	bodies = append(bodies, step("the first", engine.StepFailed{Err: "exit code 137", Cause: cause})...)
	bodies = append(bodies, engine.ScenarioRepeated{Cause: cause})
	bodies = append(bodies, step("the second", engine.ClaimDecided{Outcome: v1alpha1.Met})...)
	bodies = append(bodies, engine.ScenarioEnded{})
	var events []engine.Event
	for _, b := range bodies {
		events = append(events, engine.Event{Body: b})
	}
	return events
}

func TestASecondAttemptIsLabelled(t *testing.T) {
	var story bytes.Buffer
	handle := NewStory(NewTerminal(&story, nil, 80, false)).Handle
	for _, ev := range evicted() {
		handle(ev)
	}
	if text := strings.Join(strings.Fields(story.String()), " "); !strings.Contains(text, `– pod "p" was evicted from node "n", which proves nothing. The scenario's resources are deleted, and it runs again from the start.`) {
		t.Errorf("found %s", text)
	}
	r := collect(evicted())
	if steps := r.Scenarios[0].Steps; len(steps) != 1 || steps[0].Say != "the second" || steps[0].Failure != nil {
		t.Errorf("expected the steps of the second attempt alone, found %+v", steps)
	}
	for _, format := range []string{"junit", "html", "markdown"} {
		text := strings.Join(strings.Fields(string(written(t, format, r))), " ")
		if !strings.Contains(text, "This is the second attempt. In the first, pod") || !strings.Contains(text, "Eviction API: evicting") {
			t.Errorf("%s: expected that the second attempt is labelled, found %s", format, text)
		}
	}
}

func TestWhatDelaysARunIsReported(t *testing.T) {
	var story bytes.Buffer
	terminal := NewTerminal(&story, nil, 200, false)
	terminal.OnDelay("Lost the connection to the API server (EOF \x1b[31m): reconnecting.")
	terminal.OnStuckDeletion("namespaces/n", "NamespaceFinalizersRemaining: example.com/hold")
	const want = `  – Lost the connection to the API server (EOF ^[[31m): reconnecting.
  – namespaces/n is stuck terminating: NamespaceFinalizersRemaining: example.com/hold
    Still waiting: whoever set a finalizer must remove it.
`
	if found := story.String(); found != want {
		t.Errorf("expected\n%s\nfound\n%s", want, found)
	}
}

// What passes by itself may be seen while a claim is waited for, when the command's output is shown.
func TestANoteStandsWhereItCame(t *testing.T) {
	cause := &diagnose.Cause{What: `pod "p" is not scheduled`, Why: "Unschedulable: 0/3 nodes are available", Remedy: "add a node"}
	const (
		output = `  $ kubectl create -f p.yaml
  pod/p created
`
		note = `  – pod "p" is not scheduled: Unschedulable: 0/3 nodes are available
    Still waiting: this may resolve itself.
`
		failure = `  ✗ a claim of this step cannot be checked
      what  pod "p" is not scheduled
      why   Unschedulable: 0/3 nodes are available
      do    add a node
`
	)
	for want, decided := range map[string][]engine.Body{
		output + note + failure + "  – 2 claims not checked\n": {
			engine.Trouble{Cause: cause}, engine.ClaimDecided{Index: 0, Outcome: v1alpha1.NotChecked}, engine.ClaimDecided{Index: 1, Outcome: v1alpha1.NotChecked},
		},
		output + "  ✓ It exists\n" + note + failure + "  – 1 claim not checked\n": {
			engine.ClaimDecided{Index: 0, Outcome: v1alpha1.Met}, engine.Trouble{Cause: cause}, engine.ClaimDecided{Index: 1, Outcome: v1alpha1.NotChecked},
		},
	} {
		var story bytes.Buffer
		handle := NewStory(NewTerminal(&story, nil, 200, false)).Handle
		for _, body := range slices.Concat([]engine.Body{
			engine.ScenarioStarted{Name: "only", Title: "Only"},
			engine.StepStarted{Step: planned("", v1alpha1.Claim{Claim: "It exists"}, v1alpha1.Claim{Claim: "It runs"})},
			engine.CommandShown{Line: "kubectl create -f p.yaml"},
			engine.Output{Stdout: "pod/p created\n"},
		}, decided, []engine.Body{
			engine.StepFailed{Err: "a claim of this step cannot be checked", Cause: cause, Verdict: v1alpha1.CouldNotRun},
			engine.StepEnded{},
			engine.ScenarioEnded{},
		}) {
			handle(engine.Event{Body: body})
		}
		if found := story.String(); !strings.HasSuffix(found, want) {
			t.Errorf("expected\n%s\nfound\n%s", want, found)
		}
	}
}
