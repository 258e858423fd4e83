package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// unreachableRegistry is what the cluster says of a Pod whose image cannot be pulled.
func unreachableRegistry(pod, node, sandbox string, second int) engine.EvidenceKept {
	at := func(after int) string { return fmt.Sprintf("18:04:%02d  ", second+after) }
	return engine.EvidenceKept{Evidence: v1alpha1.Evidence{
		Pod: pod,
		Status: []string{
			fmt.Sprintf("pod %q: Pending on %s; not Ready: containers with unready status: [%s]", pod, node, pod),
			fmt.Sprintf("container %q: waiting (ImagePullBackOff), restarts: 0", pod),
		},
		Events: []string{
			fmt.Sprintf("%sScheduled: Successfully assigned n/%s to %s", at(0), pod, node),
			fmt.Sprintf("%sSandboxChanged: Pod sandbox %s changed", at(1), sandbox),
			at(2) + "Failed: Failed to pull image \"a/b:1\": dial tcp 192.0.2.1:443: i/o timeout (2 times)",
			at(3) + "Failed: Error: ErrImagePull",
		},
	}}
}

// oneCause is a run of four scenarios; three of them fail for one cause.
func oneCause() []engine.Event {
	var events []engine.Event
	at := func(scenario int, bodies ...engine.Body) {
		for _, b := range bodies {
			events = append(events, engine.Event{Time: time.Unix(0, 0), Scenario: scenario, Body: b})
		}
	}
	fails := func(scenario int, pod, what, why string, evidence engine.EvidenceKept) {
		at(scenario, engine.ScenarioStarted{Name: pod, Title: "Scenario " + pod},
			engine.StepStarted{Step: planned("", v1alpha1.Claim{Claim: "It runs"})}, engine.CommandShown{Line: "kubectl wait --for=condition=Ready pod/" + pod},
			engine.StepFailed{Err: "pod/" + pod + " cannot become Ready", Verdict: v1alpha1.CouldNotRun,
				Cause: &diagnose.Cause{What: fmt.Sprintf(what, pod), Why: why, Remedy: "check the registry's name"}},
			evidence, engine.ClaimDecided{Outcome: v1alpha1.NotChecked}, engine.StepEnded{}, engine.ScenarioEnded{})
	}
	at(engine.WholeRun, engine.RunStarted{Example: "pods", Title: "Pods"})
	const what, why = `container "main" of pod %q: the registry of the image a/b:1 cannot be reached`, "ErrImagePull: dial tcp 192.0.2.1:443: i/o timeout"
	fails(0, "sise", what, why, unreachableRegistry("sise", "node-1", "5d4c1f0a2b", 35))
	fails(1, "client", what, why, unreachableRegistry("client", "node-1", "91ab33c0de", 36))
	other := unreachableRegistry("limited", "node-2", "00ff00ff00", 36)
	other.Logs = []v1alpha1.Log{{Container: "prepare", Lines: []string{"ready", "done"}}}
	fails(2, "limited", what, why, other)
	fails(3, "big", `pod %q is not scheduled: no node can run it`, "Insufficient cpu",
		engine.EvidenceKept{Evidence: v1alpha1.Evidence{Pod: "big", Status: []string{`pod "big": Pending; not PodScheduled: Insufficient cpu`}}})
	at(engine.WholeRun, engine.RunEnded{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.CouldNotRun}, Example: "pods", Claims: 4})
	return events
}

// One cause is shown once, with the Pods that it affects; JSON has it all.
func TestOneCauseOfSeveralPods(t *testing.T) {
	var out bytes.Buffer
	story := NewStory(NewTerminal(&out, nil, 100, false))
	for _, ev := range oneCause() {
		story.Handle(ev)
	}
	golden(t, "one-cause.txt", out.Bytes())
	golden(t, "one-cause.md", written(t, "markdown", story.Report()))
	for _, sc := range story.Report().Scenarios {
		st := sc.Steps[0]
		if len(st.Evidence) != 1 || st.Failure.Why == "" || st.Failure.Remedy == "" || sc.Name != "big" && len(st.Evidence[0].Events) != 4 {
			t.Errorf("scenario %s: expected its cause and evidence in full, found %+v, %+v", sc.Name, st.Failure, st.Evidence)
		}
	}
}

// A Pod of which the cluster says mostly something else is shown in full.
func TestAnotherCauseIsShownInFull(t *testing.T) {
	s := newShown()
	crash := func(pod string, exitCode int) v1alpha1.Evidence {
		return v1alpha1.Evidence{
			Pod: pod, Status: []string{fmt.Sprintf("pod %q: Running on node-1", pod), fmt.Sprintf("container %q: ended with exit code %d (Error)", pod, exitCode)},
			Logs: []v1alpha1.Log{{Container: pod, Lines: []string{"starting", fmt.Sprintf("no such file: %d", exitCode)}}},
		}
	}
	for _, tc := range []struct {
		evidence v1alpha1.Evidence
		want     string
	}{
		{crash("a", 1), "pod \"a\": Running on node-1\ncontainer \"a\": ended with exit code 1 (Error)\nlast log lines of container \"a\":\n  starting\n  no such file: 1"},
		{crash("b", 1), `pod "b": the same as pod "a"`},
		{crash("c", 2), "pod \"c\": Running on node-1\ncontainer \"c\": ended with exit code 2 (Error)\nlast log lines of container \"c\":\n  starting\n  no such file: 2"},
		{v1alpha1.Evidence{Pod: "d"}, ""},
		{crash("a", 1), ""},
	} {
		if found := strings.Join(s.evidence([]v1alpha1.Evidence{tc.evidence}), "\n"); found != tc.want {
			t.Errorf("expected:\n%s\nfound:\n%s", tc.want, found)
		}
	}
}
