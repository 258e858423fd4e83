package example

import (
	"strings"
	"testing"
	"testing/fstest"
)

const valid = `apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata:
  name: demo
spec:
  title: Demo
  images:
    shell: quay.io/centos/centos:stream9
  scenarios:
  - name: one
    title: One
    steps:
    - say: A pod.
      run: kubectl create -f pod.yaml
      expect:
      - claim: It is made
        that: exitCode == 0
`

func load(exampleYAML string) (*Example, error) {
	return Load(fstest.MapFS{
		"demo/example.yaml": {Data: []byte(exampleYAML)},
		"demo/pod.yaml":     {Data: []byte("kind: Pod\n")},
		"demo/notes.txt":    {Data: []byte("not a manifest")},
	}, "demo")
}

func TestLoad(t *testing.T) {
	e, err := load(valid)
	if err != nil {
		t.Fatal(err)
	}
	if e.Claims() != 1 || e.Image("shell") == "" || len(e.Files) != 1 {
		t.Errorf("found %+v", e)
	}
}

// from is the valid file from a text on.
func from(text string) string {
	_, after, _ := strings.Cut(valid, text)
	return text + after
}

func TestLoadNamesTheLineOfEachProblem(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"an unknown field":         {"say: A pod.", "sayy: A pod.", "demo/example.yaml:13: field sayy not found"},
		"a wrong type":             {"title: Demo", "title: [Demo]", "demo/example.yaml:6: cannot unmarshal"},
		"broken YAML":              {"title: Demo", "title: a: b", "demo/example.yaml:6: mapping values"},
		"another version":          {"v1alpha1", "v9", "demo/example.yaml:1: apiVersion: expected"},
		"another kind":             {"kind: Example", "kind: Pod", `demo/example.yaml:2: kind: expected "Example", found "Pod"`},
		"a bad name":               {"name: demo", "name: De mo", "demo/example.yaml:4: metadata.name"},
		"a bad image":              {"shell: quay", "shell: a quay", "demo/example.yaml:8: spec.images.shell"},
		"another tool":             {"run: kubectl", "run: docker", "demo/example.yaml:14: run: expected a command that starts with kubectl"},
		"a pipe":                   {"-f pod.yaml", "-f pod.yaml | cat", "demo/example.yaml:14: run: found '|'"},
		"a manifest that is not":   {"-f pod.yaml", "-f rc.yaml", `demo/example.yaml:14: run: the manifest "rc.yaml"`},
		"a bad filter":             {"say: A pod.", "show: '('", "demo/example.yaml:13: show: error parsing regexp"},
		"a claim without words":    {"claim: It is made", "claim: ''", "demo/example.yaml:16: expect: a claim needs words"},
		"a claim without a reason": {"that: exitCode == 0", "that: ''", "demo/example.yaml:16: expect"},
		"no scenario":              {from("  scenarios"), "", "spec.scenarios: expected at least one"},
		"no steps":                 {from("    steps"), "", `scenario "one": expected at least one step`},
	} {
		broken := strings.Replace(valid, tc.old, tc.new, 1)
		if broken == valid {
			t.Fatalf("%s: the test changes nothing", name)
		}
		if _, err := load(broken); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: expected an error with %q, found %v", name, tc.want, err)
		}
	}
}

func TestLoadTellsEveryProblemAtOnce(t *testing.T) {
	_, err := load(strings.NewReplacer("kind: Example", "kind: Pod", "title: Demo", "title: ''").Replace(valid))
	if err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("expected two problems, found %v", err)
	}
}
