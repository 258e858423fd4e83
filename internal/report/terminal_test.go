package report

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const longClaim = "It is version 0.5.0, and this claim is so long that it does not fit on one line of a terminal"

// planned is a step before it runs.
func planned(say string, claims ...v1alpha1.Claim) v1alpha1.Step {
	for i := range claims {
		claims[i].Outcome = v1alpha1.NotChecked
	}
	return v1alpha1.Step{Say: say, Claims: claims}
}

func skipped(step v1alpha1.Step) v1alpha1.Step {
	step.Skipped = true
	return step
}

// seen is a Pod on its way to Ready, half a second per moment.
func seen(name string, kinds ...string) v1alpha1.Pod {
	pod := v1alpha1.Pod{
		Name: name, UID: "uid-of-" + name, Node: "node-1", Phase: "Running", IPs: []string{"10.244.1.3"},
		Containers: []v1alpha1.Container{{Name: "main", Image: "centos:9", ImageID: "centos@sha256:0123"}},
	}
	for i, kind := range kinds {
		m := v1alpha1.Moment{What: kind, Time: metav1.Unix(int64(i)/2, 0)}
		switch kind {
		case engine.ImagePulled:
			m.Container, m.TookMilliseconds = "main", 1500
		case engine.ContainerStarted:
			m.Container = "main"
		default:
		}
		pod.Timeline = append(pod.Timeline, m)
	}
	return pod
}

// story is a run with everything that a report must be able to show.
func story() []engine.Event {
	var events []engine.Event
	at := func(scenario int, bodies ...engine.Body) {
		for _, b := range bodies {
			// Half a second passes between two events.
			now := time.Unix(0, 0).Add(time.Duration(len(events)) * 500 * time.Millisecond)
			events = append(events, engine.Event{Time: now, Scenario: scenario, Body: b})
		}
	}
	at(engine.WholeRun, engine.RunStarted{
		Example: "pods", Title: "Pods", Summary: "A pod is the smallest thing that Kubernetes runs: one or more containers.",
		Run:    v1alpha1.Run{ID: "x7k2p", Namespace: "kbe-pods-x7k2p", OwnNamespace: true, Context: "kind-kind", ServerVersion: "v1.37.2"},
		Images: map[string]string{"simpleservice": "mhausenblas/simpleservice:0.5.0", "shell": "centos:9"},
	})
	at(0, engine.ScenarioStarted{Name: "single-pod", Title: "A single pod"},
		engine.StepStarted{Step: planned("One command starts a pod. Its image serves a small HTTP API on port 9876, which is what the page uses.",
			v1alpha1.Claim{Claim: "The pod runs", Expression: `pod("sise").status.phase == "Running"`, WithinMilliseconds: 90_000})},
		engine.CommandShown{Line: "kubectl run sise --image=mhausenblas/simpleservice:0.5.0 --port=9876"},
		engine.Output{Stdout: "pod/sise created\n"})
	// A scenario that runs in parallel is shown after it.
	at(1, engine.ScenarioStarted{Name: "two-containers", Title: "Two containers in one pod"},
		engine.StepStarted{Step: planned("",
			v1alpha1.Claim{Claim: "one", Expression: `stdout == ""`}, v1alpha1.Claim{Claim: "two", Expression: `elapsed < duration("1s")`})},
		engine.FileShown{Name: "pod.yaml", Content: "kind: Pod\n"},
		engine.CommandShown{Line: "kubectl create -f pod.yaml"},
		engine.Waiting{For: "pod/a Ready", State: "Pending"},
		engine.StepFailed{Err: "pod/a cannot become Ready", Cause: &diagnose.Cause{What: "w", Why: "because", Remedy: "mend it"}, Verdict: v1alpha1.CouldNotRun},
		engine.ClaimDecided{Outcome: v1alpha1.NotChecked}, engine.ClaimDecided{Index: 1, Outcome: v1alpha1.NotChecked},
		engine.StepEnded{},
		engine.StepStarted{Step: skipped(planned("It would be deleted."))},
		engine.ScenarioEnded{})
	at(0, engine.ClaimDecided{Outcome: v1alpha1.Met}, engine.StepEnded{},
		engine.StepStarted{Step: planned("It answers.",
			v1alpha1.Claim{Claim: longClaim, Expression: `json(stdout).version == "0.5.0"`},
			v1alpha1.Claim{Claim: "It has a name", Expression: `json(stdout).name == ""`})},
		engine.CommandShown{Line: "kubectl exec client -- curl -sS --max-time 10 -H 'Host: a name with spaces' 10.244.1.3:9876/info"},
		engine.Output{Stdout: "{\"version\": \"0.4.0\"}\n", Stderr: "Warning: \x1b[31mhostile\x1b[0m\r\n"},
		engine.ClaimDecided{
			Outcome: v1alpha1.Failed,
			Mismatches: []v1alpha1.Mismatch{{
				Expression: `json(stdout).version == "0.5.0"`, Expected: `"0.5.0"`,
				Found: []v1alpha1.Value{{Expression: "json(stdout).version", Value: `"0.4.0"`}},
			}},
		},
		engine.ClaimDecided{Index: 1, Outcome: v1alpha1.Failed, Err: "no such key: name"},
		engine.StepEnded{Elapsed: 120 * time.Millisecond}, engine.ScenarioEnded{Elapsed: 2 * time.Second})
	at(engine.WholeRun, engine.PodSeen{Pod: seen("sise", engine.PodCreated, engine.PodScheduled)},
		engine.PodSeen{Pod: seen("sise", engine.PodCreated, engine.PodScheduled, engine.ContainerStarted, engine.PodReady)},
		engine.PodSeen{Pod: seen("twocontainers", engine.PodCreated, engine.PodScheduled)},
		engine.PodSeen{Pod: seen("twocontainers", engine.PodCreated, engine.PodScheduled, engine.ImagePulled)})
	at(engine.WholeRun, engine.RunEnded{Example: "pods", Claims: 5, RunResult: v1alpha1.RunResult{
		Verdict: v1alpha1.CouldNotRun, VerdictMilliseconds: 2000, ElapsedMilliseconds: 7000,
		StartTime: metav1.NewMicroTime(time.Unix(0, 0)), EndTime: metav1.NewMicroTime(time.Unix(7, 0)),
		Run:     v1alpha1.Run{ID: "x7k2p", Namespace: "kbe-pods-x7k2p", OwnNamespace: true, Context: "kind-kind", ServerVersion: "v1.37.2"},
		Cleanup: &v1alpha1.Cleanup{ElapsedMilliseconds: 5100},
	}})
	return events
}

func TestTerminal(t *testing.T) {
	for name, tc := range map[string]struct {
		width  int
		colour bool
	}{
		"terminal-80.txt":     {80, false},
		"terminal-40.txt":     {40, false},
		"terminal-colour.txt": {80, true},
	} {
		var out bytes.Buffer
		handle := NewStory(NewTerminal(&out, nil, tc.width, tc.colour)).Handle
		for _, ev := range story() {
			handle(ev)
		}
		golden(t, name, out.Bytes())
	}
}

func TestViews(t *testing.T) {
	for _, view := range []View{Summary, Commands} {
		var out bytes.Buffer
		handle := NewStory(NewTerminal(&out, nil, 80, false).As(view)).Handle
		for _, ev := range story() {
			handle(ev)
		}
		golden(t, "view-"+string(view)+".txt", out.Bytes())
	}
	var out bytes.Buffer
	NewTerminal(&out, nil, 80, false).As(Summary).End(conforming())
	golden(t, "conformance-summary.txt", out.Bytes())
}

// An attempt that does not count is in the story, and not among what failed.
func TestAFirstAttemptIsNoFailure(t *testing.T) {
	var out bytes.Buffer
	collector := NewStory(NewTerminal(&out, nil, 80, false).As(Summary))
	for _, ev := range evicted() {
		collector.Handle(ev)
	}
	if d, _ := collector.document(); len(failures(d.Sections)) > 0 || strings.Contains(out.String(), "exit code 137") || !strings.Contains(out.String(), "✓ Only") {
		t.Errorf("found\n%s", out.String())
	}
}

func TestAnAnswerOfTheUserIsNoFailure(t *testing.T) {
	for signal, want := range map[string]string{"quit": "– 0 of 3 claims hold", "interrupt": "✗ Interrupted (interrupt): 0 of 3 claims hold"} {
		var out bytes.Buffer
		handle := NewStory(NewTerminal(&out, nil, 80, false)).Handle
		for _, b := range []engine.Body{engine.RunStarted{Run: inN},
			engine.RunEnded{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.Stopped, Interrupted: signal}, Claims: 3}} {
			handle(engine.Event{Scenario: engine.WholeRun, Body: b})
		}
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: expected %q, found %s", signal, want, out.String())
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: run `go test ./internal/report -update` if this is as it should be; found:\n%s", file, got)
	}
}

func cleanedUp(c v1alpha1.Cleanup) engine.Body {
	return engine.RunEnded{RunResult: v1alpha1.RunResult{Run: inN, Cleanup: &c}}
}

func TestOtherEndings(t *testing.T) {
	for want, bodies := range map[string][]engine.Body{
		"✓ 0 of 0 claims hold. Finished in 2.0 s (checks 1.0 s, cleanup 1.0 s).\n": {
			engine.RunEnded{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.Passed, VerdictMilliseconds: 1000, ElapsedMilliseconds: 2000}},
		},
		"Stopped by --timeout 1s after 2.0 s (checks 1.0 s, cleanup 1.0 s).": {
			engine.RunEnded{Claims: 3, RunResult: v1alpha1.RunResult{Verdict: v1alpha1.CouldNotRun, TimedOut: "1s", VerdictMilliseconds: 1000, ElapsedMilliseconds: 2000}},
		},
		"The run's resources in namespace n are deleted": {cleanedUp(v1alpha1.Cleanup{})},
		"remove it    kubectl delete namespace n":        {cleanedUp(v1alpha1.Cleanup{Kept: true, RemoveCommand: "kubectl delete namespace n"})},
		"✗ no room":          {cleanedUp(v1alpha1.Cleanup{Kept: true, Error: "no room"})},
		"left: namespaces/n": {cleanedUp(v1alpha1.Cleanup{Error: "forbidden", Leftovers: []string{"namespaces/n"}})},
	} {
		var out bytes.Buffer
		handle := NewStory(NewTerminal(&out, nil, 80, false)).Handle
		handle(engine.Event{Scenario: engine.WholeRun, Body: engine.RunStarted{Run: inN}})
		for _, b := range bodies {
			handle(engine.Event{Scenario: engine.WholeRun, Body: b})
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("expected %q, found:\n%s", want, out.String())
		}
	}
}

func TestTheEndOfTheWorkIsShown(t *testing.T) {
	for signal, want := range map[string]struct{ text, live string }{
		"":          {"", "  deleting the run's resources in namespace n"},
		"quit":      {"Stopped by you: cleaning up.\n", "  deleting the run's resources in namespace n"},
		"interrupt": {"Interrupted (interrupt): cleaning up. A second signal exits at once; then run:\n  kubectl delete pods -n n -l a=b\n", "  deleting the run's resources in namespace n"},
	} {
		for _, kept := range []bool{false, true} {
			var out, live bytes.Buffer
			NewTerminal(&out, &live, 80, false).OnDecided(run.Result{RemoveCommand: "kubectl delete pods -n n -l a=b", RunResult: v1alpha1.RunResult{
				Run: inN, Interrupted: signal, Cleanup: &v1alpha1.Cleanup{Kept: kept},
			}})
			if kept {
				want.live = ""
			}
			if out.String() != want.text || live.String() != want.live {
				t.Errorf("%q, kept: %t: expected %q, found %q, %q", signal, kept, want, out.String(), live.String())
			}
		}
	}
}

func TestTheLiveLineIsTakenBack(t *testing.T) {
	var live bytes.Buffer
	handle := NewStory(NewTerminal(&bytes.Buffer{}, &live, 40, false)).Handle
	handle(engine.Event{Body: engine.Waiting{For: "pod/a Ready", State: strings.Repeat("long ", 20)}})
	handle(engine.Event{Body: engine.Output{}})
	line, back, _ := strings.Cut(live.String(), "…")
	if got := live.String(); len(line) != 38 || back != "\r"+strings.Repeat(" ", 39)+"\r" {
		t.Errorf("found %q", got)
	}
}

func TestACommandIsBrokenBetweenItsWords(t *testing.T) {
	for width, want := range map[int][]string{
		100: {"kubectl exec a -- curl -H 'Host: b c' d"},
		30:  {"kubectl exec a -- curl -H", "'Host: b c' d"},
		5:   {"kubectl", "exec", "a --", "curl", "-H", "'Host: b c'", "d"},
	} {
		if got := breakCommand("kubectl exec a -- curl -H 'Host: b c' d", width); !slices.Equal(got, want) {
			t.Errorf("%d columns: expected %q, found %q", width, want, got)
		}
	}
	want := []string{`-c "$(cat a.py)"`, `'say "it' 'is" so'`}
	if got := breakCommand(strings.Join(want, " "), 20); !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
}

// inN is a run in someone else's Namespace.
var inN = v1alpha1.Run{Namespace: "n"}

func TestTheLinesOfADetailStandBelowEachOther(t *testing.T) {
	all := []Detail{{Label: "page", Text: "a", Raw: true}, {Label: "cluster", Text: "a\nb\n", Raw: true}}
	if got, want := detailLines(all), []string{"page     a", "cluster  a\n         b"}; !slices.Equal(got, want) {
		t.Errorf("expected %q, found %q", want, got)
	}
	var out strings.Builder
	NewTerminal(&out, nil, 80, false).details(all)
	if want := "      page     a\n      cluster  a\n               b\n"; out.String() != want {
		t.Errorf("expected %q, found %q", want, out.String())
	}
}
