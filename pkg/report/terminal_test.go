package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story is a run with everything that a report must be able to tell.
func story() []engine.Event {
	var events []engine.Event
	at := func(scenario int, bodies ...engine.Body) {
		for _, b := range bodies {
			events = append(events, engine.Event{Time: time.Unix(0, 0), Scenario: scenario, Body: b})
		}
	}
	at(engine.WholeRun, engine.RunStarted{
		Example: "pods", Title: "Pods", Summary: "A pod is the smallest thing that Kubernetes runs: one or more containers.",
		RunID: "x7k2p", Namespace: "kbe-pods-x7k2p", OwnNamespace: true, Context: "kind-kind", Server: "v1.37.2",
	})
	at(0, engine.ScenarioStarted{Name: "single-pod", Title: "A single pod"},
		engine.StepStarted{Say: "One command starts a pod. Its image serves a small HTTP API on port 9876, which is what the page uses."},
		engine.CommandShown{Line: "kubectl run sise --image=mhausenblas/simpleservice:0.5.0 --port=9876"},
		engine.Output{Stdout: "pod/sise created\n"})
	// A scenario that runs beside it is told after it.
	at(1, engine.ScenarioStarted{Name: "two-containers", Title: "Two containers in one pod"},
		engine.StepStarted{},
		engine.FileShown{Name: "pod.yaml", Content: "kind: Pod\n"},
		engine.CommandShown{Line: "kubectl create -f pod.yaml"},
		engine.Waiting{For: "pod/a Ready", State: "Pending"},
		engine.StepFailed{Err: "pod/a cannot become Ready", Cause: &diagnose.Cause{What: "w", Why: "because", Remedy: "mend it"}},
		engine.ExpectationNotChecked{Claim: "one"}, engine.ExpectationNotChecked{Claim: "two"},
		engine.StepEnded{}, engine.ScenarioEnded{})
	at(0, engine.ExpectationMet{Claim: "The pod runs"}, engine.StepEnded{},
		engine.StepStarted{Say: "It answers."},
		engine.CommandShown{Line: "kubectl exec client -- curl -sS --max-time 10 -H 'Host: a name with spaces' 10.244.1.3:9876/info"},
		engine.Output{Stdout: "{\"version\": \"0.4.0\"}\n", Stderr: "Warning: \x1b[31mhostile\x1b[0m\r\n"},
		engine.ExpectationFailed{
			Claim: "It is version 0.5.0, and this claim is so long that it does not fit on one line of a terminal", Expression: `json(stdout).version == "0.5.0"`,
			Mismatches: []expect.Mismatch{{
				Expression: `json(stdout).version == "0.5.0"`, Expected: `"0.5.0"`,
				Operands: []expect.Operand{{Expression: "json(stdout).version", Value: `"0.4.0"`}},
			}},
		},
		engine.ExpectationFailed{Claim: "It has a name", Expression: `json(stdout).name == ""`, Err: "no such key: name"},
		engine.StepEnded{}, engine.ScenarioEnded{})
	at(engine.WholeRun, engine.CleanupEnded{Namespace: "kbe-pods-x7k2p", OwnNamespace: true, Elapsed: 5100 * time.Millisecond},
		engine.RunEnded{Verdict: engine.CouldNotRun, Met: 1, Failed: 2, NotChecked: 2, ToVerdict: 2 * time.Second, Elapsed: 7 * time.Second})
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
		sink := InOrder(NewTerminal(&out, nil, tc.width, tc.colour).Handle)
		for _, ev := range story() {
			sink(ev)
		}
		golden(t, name, out.Bytes())
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
		t.Errorf("%s: run `go test ./pkg/report -update` if this is as it should be; found:\n%s", file, got)
	}
}

func TestOtherEndings(t *testing.T) {
	for want, bodies := range map[string][]engine.Body{
		"✓ 3 of 3 claims hold. Verdict after 1.0 s, 2.0 s in all.\n": {
			engine.RunEnded{Met: 3, ToVerdict: time.Second, Elapsed: 2 * time.Second},
		},
		"kubectl delete pods -n n -l a=b": {
			engine.Interrupted{Signal: "interrupt", RemoveCommand: "kubectl delete pods -n n -l a=b"},
		},
		"What the run made in namespace n is removed": {engine.CleanupEnded{Namespace: "n"}},
		"remove it    kubectl delete namespace n":     {engine.CleanupEnded{Namespace: "n", Kept: true, RemoveCommand: "kubectl delete namespace n"}},
		"left: namespaces/n":                          {engine.CleanupEnded{Namespace: "n", Err: "forbidden", Leftovers: []string{"namespaces/n"}}},
	} {
		var out bytes.Buffer
		terminal := NewTerminal(&out, nil, 80, false)
		for _, b := range bodies {
			terminal.Handle(engine.Event{Scenario: engine.WholeRun, Body: b})
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("expected %q, found:\n%s", want, out.String())
		}
	}
}

func TestTheLiveLineIsTakenBack(t *testing.T) {
	var live bytes.Buffer
	terminal := NewTerminal(&bytes.Buffer{}, &live, 40, false)
	terminal.Handle(engine.Event{Body: engine.Waiting{For: "pod/a Ready", State: strings.Repeat("long ", 20)}})
	terminal.Handle(engine.Event{Body: engine.Output{}})
	if got := live.String(); !strings.HasSuffix(got, "…\r\x1b[K") || len([]rune(got)) > 40+len("\r\x1b[K") {
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
}
