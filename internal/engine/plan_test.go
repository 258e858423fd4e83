package engine

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

func TestTheCatalogueCompiles(t *testing.T) {
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	if len(catalogue) == 0 {
		t.Fatal("the catalogue is empty")
	}
	for _, e := range catalogue {
		if _, err := Compile(e); err != nil {
			t.Error(err)
		}
	}
}

const head = `apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata: {name: demo}
spec:
  title: Demo
  images: {shell: "centos:9"}
  scenarios:
  - name: one
    title: One
    steps:
`

func compile(t *testing.T, steps string) (*Plan, error) {
	t.Helper()
	e, err := example.Load(fstest.MapFS{
		"demo/example.yaml": {Data: []byte(head + steps)},
		"demo/pod.yaml":     {Data: []byte("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: centos:9\n")},
	}, "demo")
	if err != nil {
		t.Fatal(err)
	}
	return Compile(e)
}

func TestCompileRejectsWhatCannotRun(t *testing.T) {
	for steps, want := range map[string]string{
		`    - run: kubectl edit pod x`:                                                            "demo/example.yaml:11:20: run: `kubectl edit` is not allowed in an example; expected one of annotate, api-resources, api-versions, apply, attach",
		`    - run: kubectl get pod $(pod(1))`:                                                     "demo/example.yaml:11:33: run: found no matching overload",
		`    - {run: kubectl get pods, early: true}`:                                               "demo/example.yaml:11:38: early: expected a command that creates (apply, create, run), found kubectl get",
		`    - {run: 'kubectl run x --image=$(pod("y").metadata.name)', early: true}`:              `early: expected expressions that read images and run only, found $(pod("y").metadata.name)`,
		`    - run: kubectl create -h`:                                                             "demo/example.yaml:11:27: run: found --help: the command would print its help",
		`    - run: kubectl get pod $(kubectl get pods -o name)`:                                   "demo/example.yaml:11:30: run: expected an expression, found a command: make it a step with a name",
		"    - {name: a-b, run: kubectl get pods}\n    - run: kubectl get pod $(steps.a-b.stdout)": "demo/example.yaml:12:30: run: expected steps[\"a-b\"]: the name has a dash",
		`    - {run: kubectl get pods, expect: [{claim: c, that: exitCode == "0"}]}`:               "that: `==` does not take a value of type int and one of type string",
		`    - {run: kubectl get pods, expect: [{claim: c, that: 'stdout.matches("[")'}]}`:         "that: found an argument of matches() that is not valid",
		`    - {run: kubectl get pods, expect: [{claim: c, that: 1 == 1}]}`:                        "that: expected an expression that reads something of the run",
		`    - {run: kubectl get pods, expect: [{claim: c, that: nope}]}`:                          "demo/example.yaml:11:57: that: unknown name `nope`",
	} {
		if _, err := compile(t, steps); err == nil || !strings.Contains(filepath.ToSlash(err.Error()), want) {
			t.Errorf("%s: expected an error with %q, found %v", steps, want, err)
		}
	}
}

func TestImagesOfManifestsAreOverridden(t *testing.T) {
	p, err := compile(t, "    - run: kubectl create -f pod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	manifest := p.Example.Files["pod.yaml"]
	same, err := p.Images(&run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := same.manifest("pod.yaml"); err != nil || string(found) != string(manifest) {
		t.Errorf("without an override a manifest stays as it is; found %s, %v", found, err)
	}
	mine, err := p.Images(&run.Options{Images: map[string]string{"shell": "mirror.example/centos:9"}})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := mine.manifest("pod.yaml"); err != nil || !strings.Contains(string(found), "image: mirror.example/centos:9\n") {
		t.Errorf("found %s, %v", found, err)
	}
	if _, err := p.Images(&run.Options{Images: map[string]string{"shel": "x"}}); err == nil || !strings.Contains(err.Error(), "one of the names shell") {
		t.Errorf("expected an error that names the images, found %v", err)
	}
}

func TestSelect(t *testing.T) {
	p, err := compile(t, "    - {run: kubectl get pods, expect: [{claim: c, that: exitCode == 0}]}")
	if err != nil {
		t.Fatal(err)
	}
	if one, err := p.Select("one"); err != nil || one.Claims() != 1 {
		t.Errorf("found %+v, %v", one, err)
	}
	if _, err := p.Select("two"); err == nil || !strings.Contains(err.Error(), "expected one of one") {
		t.Errorf("expected an error that names the scenarios, found %v", err)
	}
}

func TestParseWait(t *testing.T) {
	for line, want := range map[string]struct {
		objects, goals string
		timeout        time.Duration
	}{
		"--for=condition=Ready pod/a pod/b --timeout=2m":         {"pod/a pod/b", "Ready", 2 * time.Minute},
		"--for=delete pod/a":                                     {"pod/a", "deleted", 30 * time.Second},
		"gateway web proxy --for=condition=Programmed":           {"gateway/web gateway/proxy", "Programmed", 30 * time.Second},
		"deploy,sts --all --for=condition=Available":             {"deploy sts", "Available", 30 * time.Second},
		"pod -l a=b --for create --for condition=Ready=false":    {"pod", "created Ready=false", 30 * time.Second},
		"pod/a --for=jsonpath=.status.phase=Running --timeout=0": {"pod/a", ".status.phase=Running", 0},
	} {
		w, err := parseWait(strings.Fields("wait " + line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		var goals []string
		for _, g := range w.goals {
			goals = append(goals, g.what)
		}
		if strings.Join(w.objects, " ") != want.objects || strings.Join(goals, " ") != want.goals || w.timeout != want.timeout {
			t.Errorf("%s: expected %v, found %+v", line, want, w)
		}
	}
	for line, want := range map[string]string{
		"--for=condition=Ready":              "expected TYPE/NAME or TYPE NAME, found none",
		"--for=condition=Ready sise":         `expected TYPE/NAME, TYPE NAME, or TYPE with --selector or --all, found "sise"`,
		"--for=condition=Ready pod a/b":      `expected a name after pod, found "a/b"`,
		"--for=condition=Ready pod/a --all":  "expected TYPE alone",
		"--for=jsonpath=.a=b=c pod/a":        "expected jsonpath={EXPRESSION}[=VALUE]",
		"--for=condition= pod/a":             "expected condition=NAME",
		"--for=delete --for=condition pod/a": "expected condition=NAME",
		"--until=Ready pod/a":                "unknown flag",
		"--for=delete --timeout=x pod/":      "invalid argument",
	} {
		if _, err := parseWait(strings.Fields("wait " + line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error with %q, found %v", line, want, err)
		}
	}
}

func TestWhatAWaitMayWaitFor(t *testing.T) {
	running := &unstructured.Unstructured{Object: map[string]any{"kind": "Pod", "status": map[string]any{"phase": "Running"},
		"spec": map[string]any{"containers": []any{map[string]any{"name": "b"}}}}}
	for line, holds := range map[string]bool{
		"pod/a --for=jsonpath={.status.phase}=Running":                   true,
		"pod/a --for=jsonpath=.status.phase=Running":                     true,
		"pod/a --for=jsonpath={.spec.containers[?(@.name==\"b\")].name}": true, // == is no value
		"pod/a --for=jsonpath={.status.phase}=Succeeded":                 false,
		"pod/a --for=jsonpath={.status.phase}":                           true,
		"pod/a --for=jsonpath={.status.podIP}":                           false,
		"pod -l app=x --for=jsonpath={.status.phase}=Running":            true,
		"pod/a --for=jsonpath={.status.phase}=Running --timeout=-1s":     true,
		"pod/a --selector=app=x --for=jsonpath={.status.phase}=Running":  false, // a name and a selector
		"pod/a --for=jsonpath={.status.phase}=":                          false, // no value
	} {
		w, err := parseWait(strings.Fields("wait " + line))
		if err != nil {
			if holds {
				t.Errorf("%s: %v", line, err)
			}
			continue
		}
		if done, err := w.goals[0].met(running); done != holds || err != nil {
			t.Errorf("%s: expected %t, found %t, %v", line, holds, done, err)
		}
		if w.timeout <= 0 {
			t.Errorf("%s: expected a time to wait, found %s", line, w.timeout)
		}
	}
}
