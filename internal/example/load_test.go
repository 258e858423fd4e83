package example

import (
	"path/filepath"
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

func loadText(exampleYAML string) (*Example, error) {
	return Load(fstest.MapFS{
		"demo/example.yaml": {Data: []byte(exampleYAML)},
		"demo/pod.yaml":     {Data: []byte("apiVersion: v1\nkind: Pod\n")},
		"demo/notes.txt":    {Data: []byte("not a manifest")},
	}, "demo")
}

func TestLoad(t *testing.T) {
	e, err := loadText(valid)
	if err != nil {
		t.Fatal(err)
	}
	if e.Claims() != 1 || e.Image("shell") == "" || len(e.Files) != 1 {
		t.Errorf("found %+v", e)
	}
}

func TestImagesHaveAShortFormAndALongOne(t *testing.T) {
	e, err := loadText(strings.Replace(valid, "    shell: quay.io/centos/centos:stream9", `    shell: quay.io/centos/centos:stream9
    old: {reference: docker.io/a/b:1, platforms: [linux/amd64], families: [IPv4], size: 1GB, instead: {image: shell, command: [sh], file: notes.txt}}`, 1))
	if err != nil {
		t.Fatal(err)
	}
	old := e.Spec.Images["old"]
	if e.Image("shell") != "quay.io/centos/centos:stream9" || old.Reference != "docker.io/a/b:1" || old.Instead.Image != "shell" || e.Texts["notes.txt"] != "not a manifest" {
		t.Errorf("found %+v, %q", e.Spec.Images, e.Texts)
	}
	if refs := e.References(); len(refs) != 2 || refs["old"] != "docker.io/a/b:1" {
		t.Errorf("found %v", refs)
	}
}

// TestEveryExampleHasTheService: its own file of that name comes first.
func TestEveryExampleHasTheService(t *testing.T) {
	text := strings.Replace(valid, "kubectl create -f pod.yaml", `kubectl run p --image=$(images.shell) -- python3 -c $(file("service.py"))`, 1)
	for name, fsys := range map[string]fstest.MapFS{
		"serve_forever()": {"demo/example.yaml": {Data: []byte(text)}},
		"print()":         {"demo/example.yaml": {Data: []byte(text)}, "demo/service.py": {Data: []byte("print()\n")}},
	} {
		e, err := Load(fsys, "demo")
		if err != nil {
			t.Fatal(err)
		}
		if found := e.Texts["service.py"]; !strings.HasSuffix(found, name) {
			t.Errorf("expected a text that ends with %s, found %q", name, found)
		}
	}
}

// from is the valid file from a text on.
func from(text string) string {
	_, after, _ := strings.Cut(valid, text)
	return text + after
}

func TestLoadNamesTheLineOfEachProblem(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"an unknown field": {"say: A pod.", "sayy: A pod.", "demo/example.yaml:13:7: unknown field `sayy`; did you mean `say`?"},
		"a wrong type":     {"title: Demo", "title: [Demo]", "demo/example.yaml:6:10: title: expected a text, found a list"},
		"an ID that is not a label": {"- claim: It is made", "- {id: It is, claim: It is made, that: exitCode == 0}\n      - claim: Again",
			"demo/example.yaml:16:14: id: expected lower-case letters, digits and dashes between them, found `It is`"},
		"an ID that is here twice": {"- claim: It is made", "- {id: made, claim: It is made, that: exitCode == 0}\n      - id: made\n        claim: Again",
			"demo/example.yaml:17:13: id: the claim `made` is defined twice; rename one of them"},
		"an assertion among the claims": {"that: exitCode == 0", "that: exitCode == 0\n        asserts: {level: core}",
			"demo/example.yaml:18:9: unknown field `asserts`; expected one of id, claim, that, within"},
		"a number":                     {"title: Demo", "title: 5", "demo/example.yaml:6:10: title: expected a text, found the number `5`: put it in quotes"},
		"no truth value":               {"say: A pod.", "early: soon", "demo/example.yaml:13:14: early: expected true or false, found the text `soon`"},
		"nothing":                      {"title: Demo", "title:", "demo/example.yaml:6:9: title: expected a text, found nothing: leave the field out, or give it a value"},
		"broken YAML":                  {"title: Demo", "title: a: b", "demo/example.yaml:6:11: not YAML: found a colon inside a text"},
		"another version":              {"v1alpha1", "v9", "demo/example.yaml:1:13: apiVersion: expected"},
		"another kind":                 {"kind: Example", "kind: Pod", "demo/example.yaml:2:7: kind: expected Example, found `Pod`"},
		"a bad name":                   {"name: demo", "name: De mo", "demo/example.yaml:4:9: name: expected lower-case letters"},
		"a bad image":                  {"shell: quay", "shell: a quay", "demo/example.yaml:8:12: images.shell: expected an image reference"},
		"a bad image in long form":     {"shell: quay.io/centos/centos:stream9", "shell: {reference: a b}", "demo/example.yaml:8:24: images.shell: expected an image reference"},
		"an image without a reference": {"shell: quay.io/centos/centos:stream9", "shell: {size: 1MB}", "demo/example.yaml:8:12: images.shell: expected the field `reference`, found none"},
		"an unknown field of an image": {"shell: quay.io/centos/centos:stream9", "shell: {reference: a, platform: x}", "demo/example.yaml:8:27: unknown field `platform`; did you mean `platforms`?"},
		"no platform":                  {"shell: quay.io/centos/centos:stream9", "shell: {reference: a, platforms: [amd64]}", "demo/example.yaml:8:39: images.shell.platforms: expected OS/ARCHITECTURE"},
		"no family":                    {"shell: quay.io/centos/centos:stream9", "shell: {reference: a, families: [ipv4]}", "demo/example.yaml:8:38: images.shell.families: expected IPv4 or IPv6, found `ipv4`"},
		"no size":                      {"shell: quay.io/centos/centos:stream9", "shell: {reference: a, size: big}", "demo/example.yaml:8:33: images.shell.size: expected a size such as 690MB"},
		"an unknown image instead":     {"shell: quay.io/centos/centos:stream9", "shell: {reference: a, instead: {image: shel}}", "demo/example.yaml:8:44: images.shell.instead.image: unknown image `shel`"},
		"itself instead":               {"shell: quay.io/centos/centos:stream9", "shell: {reference: a, instead: {image: shell}}", "images.shell.instead.image: expected an image that is not replaced itself"},
		"a file that is not":           {"shell: quay.io/centos/centos:stream9", "shell: {reference: a, instead: {image: other, file: x.py}}\n    other: b", "demo/example.yaml:8:57: images.shell.instead.file: expected a file `x.py` beside the example.yaml, found none"},
		"a file elsewhere":             {"-f pod.yaml", `-- $(file("../x"))`, "run: expected the name of a file beside the example.yaml, found `../x`"},
		"two times within":             {"that: exitCode == 0", "that: exitCode == 0\n        within: 1m\n      within: 1m", "demo/example.yaml:18:17: within: the step has it already"},
		"another tool":                 {"run: kubectl", "run: docker", "demo/example.yaml:14:12: run: expected a command that starts with kubectl"},
		"a pipe":                       {"-f pod.yaml", "-f pod.yaml | cat", "demo/example.yaml:14:39: run: found '|'"},
		"a manifest that is not":       {"-f pod.yaml", "-f pid.yaml", "demo/example.yaml:14:30: run: expected a file `pid.yaml` beside the example.yaml, found none; did you mean `pod.yaml`?"},
		"a manifest elsewhere":         {"-f pod.yaml", "-f ../pod.yaml", "demo/example.yaml:14:30: run: expected the name of a file beside the example.yaml"},
		"a joined flag":                {"-f pod.yaml", "-fpid.yaml", "demo/example.yaml:14:29: run: expected a file `pid.yaml` beside the example.yaml, found none; did you mean `pod.yaml`?"},
		"a bad filter":                 {"say: A pod.", "show: '('", "demo/example.yaml:13:13: show: expected a regular expression: error parsing regexp"},
		"a claim without words":        {"claim: It is made", "claim: ''", "demo/example.yaml:16:16: claim: expected a value, found an empty one"},
		"a claim without a reason":     {"that: exitCode == 0", "that: ''", "demo/example.yaml:17:15: that: expected a value"},
		"a claim that never ends":      {"that: exitCode == 0", "that: exitCode == 0\n        within: 1h", "demo/example.yaml:18:17: within: expected more than 0s and at most 10m"},
		"no scenario":                  {from("  scenarios"), "", "demo/example.yaml:6:3: spec: expected the field `scenarios`, found none"},
		"no steps":                     {from("    steps"), "", "demo/example.yaml:10:5: scenarios[0]: expected the field `steps`, found none"},
	} {
		broken := strings.Replace(valid, tc.old, tc.new, 1)
		if broken == valid {
			t.Fatalf("%s: the test changes nothing", name)
		}
		if _, err := loadText(broken); err == nil || !strings.Contains(filepath.ToSlash(err.Error()), tc.want) {
			t.Errorf("%s: expected an error with %q, found %v", name, tc.want, err)
		}
	}
}

func TestLoadReportsEveryProblemAtOnce(t *testing.T) {
	_, err := loadText(strings.NewReplacer("kind: Example", "kind: Pod", "title: Demo", "title: ''").Replace(valid))
	if err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("expected two problems, found %v", err)
	}
}
