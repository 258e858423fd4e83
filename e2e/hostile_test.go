package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// own writes an example whose scenario has the steps, and returns its file.
func own(t *testing.T, steps string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "example.yaml")
	text := `apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata: {name: hostile}
spec:
  title: "Hostile \e[31m"
  images: {shell: "quay.io/centos/centos:stream9"}
  scenarios:
  - name: only
    title: Only
    steps:
` + steps
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// obeyed matches what a terminal, a reader of text or the log of a CI job would obey: control
// characters, those that change the direction of text, and commands.
var obeyed = regexp.MustCompile(`(?m:^\s*::stop-commands)|##\[|` + "[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]")

func TestHostileTextIsShownAndNotObeyed(t *testing.T) {
	t.Parallel()
	file := own(t, `    - run: >-
        kubectl run evil --image=$(images.shell) --restart=Never -- bash -c
        'printf "\033]0;owned\007\033[31mred\r\302\233\342\200\256desrever<script>alert(1)</script>\n::stop-commands::owned\n##[add-mask]a\n"'
      expect:
      - claim: "It ends \e[31m"
        that: pod("evil").status.phase == "Succeeded"
        within: 1m
    - run: kubectl logs evil
      expect:
      - claim: It says nothing
        that: stdout == ""
    - run: kubectl get pods "no\e]0;owned\asuch"
`)
	html := filepath.Join(t.TempDir(), "report.html")
	json := filepath.Join(t.TempDir(), "report.json")
	stdout, stderr, code := outcome(t, plugin(t, "run", "-f", file, "--report-file", "html="+html, "--report-file", "json="+json))
	if code != 3 || !strings.Contains(stdout, "desrever") {
		t.Errorf("expected exit code 3 and the log, found %d:\n%q\n%q", code, stdout, stderr)
	}
	texts := map[string]string{"stdout": stdout, "stderr": stderr}
	for _, path := range []string{html, json} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	for name, text := range texts {
		if bad := obeyed.FindString(text); bad != "" {
			t.Errorf("%s: expected no control characters, found %q in\n%q", name, bad, text)
		}
	}
	if strings.Contains(texts["report.html"], "<script>alert") {
		t.Errorf("expected no script in the HTML:\n%s", texts["report.html"])
	}
}

func TestAnExampleStaysInItsNamespaceAndLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "confined")
	theirs := f.start(f.server("theirs", ""))
	theirs.Labels = map[string]string{"app": "theirs"}
	f.run("label", "pod", "theirs", "app=theirs")
	for name, tc := range map[string]struct {
		steps string
		args  []string
		code  int
		want  string
	}{
		"reported at load":         {"    - run: kubectl get nodes\n", nil, 2, "example.yaml:11:12: run: nodes are cluster-scoped; to allow this, use --allow-cluster-scope"},
		"found at run time":        {"    - run: kubectl get $(pod(\"theirs\").metadata.name.replace(\"theirs\", \"nodes\"))\n", nil, 3, `nodes: it is outside of the run's namespace "` + f.session.Namespace + `"`},
		"another namespace":        {"    - run: kubectl get pods $(\"--all\" + \"-namespaces\")\n", nil, 3, "found the flag"},
		"permitted":                {"    - run: kubectl get nodes\n", []string{"--allow-cluster-scope"}, 0, "Ready"},
		"others' objects by label": {"    - run: kubectl delete pods -l app=theirs\n", nil, 3, `pods "theirs" is not of this run (made`},
		"others' objects by name":  {"    - run: kubectl label pod theirs app=ours --overwrite\n", nil, 3, `pods "theirs" is not of this run (made`},
		"all objects":              {"    - run: kubectl delete pods --all\n", nil, 3, `pods "theirs" is not of this run (made`},
		"exec in others' pods":     {"    - run: kubectl exec theirs -- true\n", nil, 3, `pods "theirs" is not of this run (made`},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"run", "-f", own(t, tc.steps), "-n", f.session.Namespace}, tc.args...)
			stdout, stderr, code := outcome(t, plugin(t, args...))
			if code != tc.code || !strings.Contains(stdout+stderr, tc.want) {
				t.Errorf("expected exit code %d and %q, found %d:\n%s%s", tc.code, tc.want, code, stdout, stderr)
			}
		})
	}
	assertOnlyPod(t, theirs)
}
