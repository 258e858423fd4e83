package expect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func facts() Facts {
	return Facts{
		Outcome:   Outcome{Stdout: `{"host": "10.244.1.5:9876", "version": "0.4.0", "from": "10.244.2.7"}`},
		Images:    map[string]string{"shell": "centos"},
		RunID:     "x7k2p",
		Namespace: "kbe-pods-x7k2p",
		Elapsed:   1500 * time.Millisecond,
		Steps:     map[string]Outcome{"before": {Stdout: "10.244.1.5", ExitCode: 3}},
		Objects:   fake{},
	}
}

// fake has one Pod.
type fake struct{}

func (fake) Pod(_ context.Context, name string) (map[string]any, error) {
	if name != "sise" {
		return nil, errors.New("not found")
	}
	return map[string]any{
		"spec":   map[string]any{"nodeName": "node-1"},
		"status": map[string]any{"podIP": "10.244.1.5", "podIPs": []any{map[string]any{"ip": "10.244.1.5"}}},
	}, nil
}

func (f fake) Pods(ctx context.Context, selector string) ([]any, error) {
	pod, err := f.Pod(ctx, "sise")
	switch selector {
	case "app=sise":
		return []any{pod}, err
	case "app=many":
		return slices.Repeat([]any{pod}, 10_000), err
	}
	return []any{}, nil
}

func (fake) Added(context.Context, string) ([]string, error) { return []string{"proxy"}, nil }

func (fake) Events(context.Context, string) ([]any, error) {
	return []any{map[string]any{"reason": "Killing"}}, nil
}

func (fake) Logs(_ context.Context, pod, container string) (string, error) {
	return pod + "/" + container, nil
}

func condition(t *testing.T, source string) *Expression {
	t.Helper()
	env, err := NewEnv()
	if err != nil {
		t.Fatal(err)
	}
	x, err := env.Condition(source)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestConditionsThatHold(t *testing.T) {
	for _, source := range []string{
		`exitCode == 0`,
		`json(stdout).host == pod("sise").status.podIP + ":9876"`,
		`json(stdout).host == hostport(pod("sise").status.podIP, 9876)`,
		`exitCode == 0 && hostport("fd00::1", 9876) == "[fd00::1]:9876"`,
		`pod("sise").status.podIPs.exists(i, i.ip == pod("sise").status.podIP)`,
		`!has(pod("sise").metadata) || true`,
		`ip(pod("sise").status.podIP).family() == 4`,
		`pods("app=sise").size() == 1 && pods("app=x").size() == 0`,
		`pods("app=sise")[0].spec.nodeName == "node-1"`,
		`events("sise").exists(e, e.reason == "Killing")`,
		`logs("sise", "main") == "sise/main"`,
		`elapsed < duration("2s")`,
		`steps.before.stdout == pod("sise").status.podIP && steps.before.exitCode == 3`,
		`images.shell == "centos" && run.id == "x7k2p" && run.namespace.endsWith(run.id)`,
	} {
		if v := condition(t, source).Check(t.Context(), facts()); !v.Holds {
			t.Errorf("%s: expected it to hold, found %+v", source, v)
		}
	}
}

func TestAFailedConditionNamesExpectedAndFound(t *testing.T) {
	v := condition(t, `json(stdout).from != "" && json(stdout).version == "0.5.0"`).Check(t.Context(), facts())
	if v.Holds || len(v.Mismatches) != 1 {
		t.Fatalf("expected one mismatch, found %+v", v)
	}
	m := v.Mismatches[0]
	if m.Expression != `json(stdout).version == "0.5.0"` || m.Expected != `"0.5.0"` {
		t.Errorf("found %+v", m)
	}
	if len(m.Found) != 1 || m.Found[0] != (v1alpha1.Value{Expression: "json(stdout).version", Value: `"0.4.0"`}) {
		t.Errorf("operands: %+v", m.Found)
	}
}

func TestMismatches(t *testing.T) {
	for _, tc := range []struct{ source, expr, operand, value string }{
		{`stdout.contains("all is well")`, `stdout.contains("all is well")`, "stdout", ""},
		{`pod("sise").status.podIPs.exists(i, i.ip == "::1")`, `pod("sise").status.podIPs.exists(i, i.ip == "::1")`, `pod("sise").status.podIPs`, `[{"ip":"10.244.1.5"}]`},
		{`exitCode == 7 || json(stdout).from == "::1"`, `exitCode == 7`, "exitCode", "0"},
		{`exitCode in [7, 28]`, `exitCode in [7, 28]`, "exitCode", "0"},
		{`elapsed < duration("1s")`, `elapsed < duration("1s")`, "elapsed", `"1.5s"`},
		{`json("[null]")[exitCode] == 5`, `json("[null]")[exitCode] == 5`, `json("[null]")[exitCode]`, "null"},
		{`ip(json(stdout).from) == ip("::1")`, `ip(json(stdout).from) == ip("::1")`, "ip(json(stdout).from)", "10.244.2.7"},
		{`pods("app=many") == []`, `pods("app=many") == []`, `pods("app=many")`, "(a value of more than 256 KiB)"},
	} {
		v := condition(t, tc.source).Check(t.Context(), facts())
		if v.Holds || len(v.Mismatches) == 0 {
			t.Errorf("%s: found %+v", tc.source, v)
			continue
		}
		m := v.Mismatches[0]
		if m.Expression != tc.expr || len(m.Found) == 0 || m.Found[0].Expression != tc.operand {
			t.Errorf("%s: found %+v", tc.source, m)
		} else if tc.value != "" && m.Found[0].Value != tc.value {
			t.Errorf("%s: expected the value %s, found %s", tc.source, tc.value, m.Found[0].Value)
		}
	}
}

func TestWhatCannotBeEvaluatedDoesNotHold(t *testing.T) {
	for source, want := range map[string]string{
		`json(stdout).vers == "0.5.0"`:       "no such key: vers",
		`json(stderr).version == "0.5.0"`:    "json(): unexpected end",
		`pod("other").status.podIP == ""`:    `pod(["other"]): not found`,
		`pod("sise").spec.nodeName`:          "expected true or false",
		`pod("sise").status.hostIP == "1.1"`: "no such key: hostIP",
	} {
		v := condition(t, source).Check(t.Context(), facts())
		if v.Holds || v.Err == nil || !strings.Contains(v.Err.Error(), want) {
			t.Errorf("%s: expected an error with %q, found %v", source, want, v.Err)
		}
	}
}

func TestCompileRejects(t *testing.T) {
	env, err := NewEnv()
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		`stdout`:                   "expected type bool, found string",
		`exitCode == "0"`:          "`==` does not take a value of type int and one of type string",
		`stdout.matches("[")`:      "found an argument of matches() that is not valid",
		`elapsed < duration("5x")`: "found an argument of duration() that is not valid",
		`1 == 1`:                   "reads something of the run",
		`json("1") == 1`:           "reads something of the run",
		`deployment("x")`:          "undeclared reference",
		`json(stdout).a == `:       "Syntax error",
		`size(stdout) + 1`:         "expected type bool, found int",
		`pod(5).spec == null`:      "no matching overload",
	} {
		if _, err := env.Condition(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error with %q, found %v", source, want, err)
		}
	}
	if _, err := env.Text(`exitCode == 0`); err == nil {
		t.Error("a bool is not the text of a command")
	}
}

func TestExpand(t *testing.T) {
	env, err := NewEnv()
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		`pod("sise").status.podIP`: "10.244.1.5",
		`images.shell`:             "centos",
		`size(run.id)`:             "5",
	} {
		x, err := env.Text(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := x.Expand(t.Context(), facts()); err != nil || got != want {
			t.Errorf("%s: expected %q, found %q, %v", source, want, got, err)
		}
	}
	x, err := env.Text(`stderr`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Expand(t.Context(), facts()); err == nil {
		t.Error("an empty text would silently change the command")
	}
}

func TestReads(t *testing.T) {
	if !condition(t, `exitCode == 7`).Reads(ExitCode) || condition(t, `stdout == ""`).Reads(ExitCode) {
		t.Error("Reads must report whether exitCode is referred to")
	}
}

// With -race: what has no overload is found so by all that are evaluated in parallel.
func TestExpressionsWithoutAnOverloadSideBySide(t *testing.T) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range 8 {
		podIP := condition(t, `pod("sise").status.podIP == stdout`)
		all.Go(func() {
			<-begin
			if v := podIP.Check(t.Context(), Facts{}); v.Holds || v.Err == nil {
				t.Errorf("expected an error, found %+v", v)
			}
		})
	}
	close(begin)
	all.Wait()
}
