package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func collect(events []engine.Event) *v1alpha1.Report {
	c := NewCollector()
	for _, ev := range events {
		c.Handle(ev)
	}
	return c.Report()
}

func written(t *testing.T, format string, r *v1alpha1.Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, format, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGoldenFormats(t *testing.T) {
	r := collect(story())
	data, err := yaml.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.yaml", data)
	if data, err = json.MarshalIndent(r, "", "    "); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", append(data, '\n'))
	goldenFormats(t, "report", r)
}

func TestARunThatCouldNotStartIsAReportToo(t *testing.T) {
	r := collect([]engine.Event{{Scenario: engine.WholeRun, Body: engine.RunEnded{
		RunResult: v1alpha1.RunResult{Verdict: v1alpha1.CouldNotRun, Error: "the API server did not respond"}, Example: "pods", Claims: 3,
	}}})
	if r.Name != "pods" || r.Verdict != v1alpha1.CouldNotRun || r.Claims.NotChecked != 3 {
		t.Errorf("found %+v", r)
	}
	xml := string(written(t, "junit", r))
	if !strings.Contains(xml, `tests="1" errors="1">`) || !strings.Contains(xml, "did not respond") {
		t.Errorf("expected an error in the set-up, found %s", xml)
	}
	for _, format := range Formats(&v1alpha1.Report{}) {
		written(t, format, r)
	}
}

// TestGitHubShowsWhyAJobFailed: even if no claim did.
func TestGitHubShowsWhyAJobFailed(t *testing.T) {
	stopped := &v1alpha1.Report{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.Stopped, Interrupted: "terminated"}, Example: "pods"}
	unclean := &v1alpha1.Report{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.CouldNotRun, Cleanup: &v1alpha1.Cleanup{Error: "remove pods/a: timed out"}}, Example: "pods"}
	for want, r := range map[string]*v1alpha1.Report{
		"::error title=kubectl kbe pods::Interrupted (terminated)":                                       stopped,
		"::error title=kubectl kbe pods::The cleanup is incomplete: remove pods/a: timed out\n::notice ": unclean,
	} {
		if found := string(written(t, "github", r)); !strings.HasPrefix(found, want) {
			t.Errorf("expected %q, found %q", want, found)
		}
	}
}

// TestAScriptHasANamespaceOfItsOwn: a manifest that names the namespace of the run names that of the script.
func TestAScriptHasANamespaceOfItsOwn(t *testing.T) {
	r := &v1alpha1.Report{Example: "a", Scenarios: []v1alpha1.Scenario{{Steps: []v1alpha1.Step{
		{Command: "kubectl apply -f a.yaml", Files: []v1alpha1.File{{Name: "a.yaml", Content: "kind: ServiceAccount\nnamespace: kbe-a-abcde\n"}}},
	}}}}
	r.Run.Namespace, r.Run.OwnNamespace = "kbe-a-abcde", true
	found := string(written(t, "script", r))
	if want := "sed \"s/kbe-a-abcde/$namespace/g\" >a.yaml <<'END'\nkind: ServiceAccount\n"; !strings.Contains(found, want) {
		t.Errorf("expected %s in\n%s", want, found)
	}
}

// TestAScriptOfARunInAnExistingNamespace: what is named like the namespace keeps its name.
func TestAScriptOfARunInAnExistingNamespace(t *testing.T) {
	r := &v1alpha1.Report{Example: "a", Scenarios: []v1alpha1.Scenario{{Steps: []v1alpha1.Step{
		{Command: "kubectl exec web -- curl web.web.svc:80"},
	}}}}
	r.Run.Namespace = "web"
	found := string(written(t, "script", r))
	if want := `exec web -- curl web."$namespace".svc:80`; !strings.Contains(found, want) {
		t.Errorf("expected %s in\n%s", want, found)
	}
}

// hostile is a story in which everything that a cluster can say is an attack.
func hostile() *v1alpha1.Report {
	const evil = "\x1b[31m\x00\x07\ufffe\u202e\xff]]></pre><script>alert(1)</script><img src=x onerror=y>&amp;\r\n'; touch /tmp/owned; '$(touch /tmp/owned)`id`\nEND\n" +
		"::stop-commands::owned\n\u00a0::error ::owned\n##[add-matcher]/etc/x ##vso[task.setvariable variable=PATH]x ##teamcity[x]\n"
	r := collect(story())
	r.Title, r.Summary, r.Error, r.Run.Context = evil, evil, evil, evil
	r.Images = append(r.Images, v1alpha1.Image{Name: "evil", Reference: evil, IDs: []string{evil}})
	r.Pods[0].Name, r.Pods[0].Node = evil, evil
	for i := range r.Scenarios {
		sc := &r.Scenarios[i]
		sc.Title = evil
		for j := range sc.Steps {
			st := &sc.Steps[j]
			st.Say, st.Stdout, st.Stderr, st.Command = evil, evil, evil, evil
			st.Files = append(st.Files, v1alpha1.File{Name: "f", Content: evil})
			st.Failure = &v1alpha1.Failure{Message: evil, Cause: v1alpha1.Cause{What: evil, Why: evil, Remedy: evil}}
			for k := range st.Claims {
				st.Claims[k].Claim, st.Claims[k].Error = evil, evil
				st.Claims[k].Outcome = v1alpha1.Failed
			}
		}
	}
	return r
}

func TestHostileTextStaysText(t *testing.T) {
	r := hostile()
	for _, format := range Formats(&v1alpha1.Report{}) {
		if bad := regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u202e]").Find(written(t, format, r)); bad != nil {
			t.Errorf("%s: expected no control character, found %q", format, bad)
		}
		if bad := regexp.MustCompile(`(?m)^[\s\p{Z}]*::(stop-commands|error ::)|##\w*\[`).Find(written(t, format, r)); bad != nil {
			t.Errorf("%s: expected no command to a CI system, found %q", format, bad)
		}
	}
	decoder := xml.NewDecoder(bytes.NewReader(written(t, "junit", r)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "script" {
			t.Error("junit: a text became an element")
		}
	}
}

func TestCredentialsAreRemoved(t *testing.T) {
	for secret, text := range map[string]string{
		"c2lnbmF0dXJl":   "token: eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl",
		"MIIEpAIBAAKCAQ": "-----BEGIN PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQ\n-----END PRIVATE KEY-----\n",
		"0123456789abcd": "Authorization: Bearer 0123456789abcdef",
	} {
		r := collect([]engine.Event{
			{Body: engine.StepStarted{Step: v1alpha1.Step{Claims: []v1alpha1.Claim{{}}}}}, {Body: engine.CommandShown{Line: text}}, {Body: engine.Output{Stdout: text, Stderr: text}},
			{Body: engine.ClaimDecided{Outcome: v1alpha1.Failed, Err: text}}, {Body: engine.StepFailed{Err: text}},
		})
		data, err := json.Marshal(r)
		if err != nil || strings.Contains(string(data), secret) || !strings.Contains(string(data), "[credential removed]") {
			t.Errorf("found %s, %v", data, err)
		}
	}
}

// bash runs a script. On a system of Unix it has to be there: it is what the script
// is for.
func bash(t *testing.T, script string, args ...string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the script is for bash")
	}
	c := exec.Command("bash", args...)
	c.Stdin = strings.NewReader(script)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("bash: %v\n%s\n%s", err, out, script)
	}
	return string(out)
}

func TestTheScriptIsBash(t *testing.T) {
	for _, r := range []*v1alpha1.Report{collect(story()), hostile()} {
		bash(t, string(written(t, "script", r)), "-n")
	}
}

// A script replays the commands with the addresses of its own pods, in a namespace of
// its own that it deletes, even if a command fails.
func TestTheScriptReplaysTheCommands(t *testing.T) {
	dir := t.TempDir()
	kubectl := filepath.Join(dir, "kubectl")
	const program = `#!/usr/bin/env bash
echo "$*" | sed 's/kbe-pods-[0-9a-f]*/NAMESPACE/g' >>"$LOG"
case "$*" in
*podIPs*) printf fd00::7 ;;
*"get service"*) echo 10.96.0.9 ;;
*"delete pod"*) exit 1 ;;
*"logs sise"*) [ "$(grep -c "logs sise" "$LOG")" = 3 ] ;;
esac
`
	if err := os.WriteFile(kubectl, []byte(program), 0o700); err != nil {
		t.Fatal(err)
	}
	r := &v1alpha1.Report{
		Example: "pods", RunResult: v1alpha1.RunResult{Run: v1alpha1.Run{Namespace: "kbe-pods-x7k2p", OwnNamespace: true}},
		Pods: []v1alpha1.Pod{{Name: "other", IPs: []string{"10.244.1.3"}}, {Name: "sise", IPs: []string{"10.244.1.30"}}},
		Scenarios: []v1alpha1.Scenario{{Steps: []v1alpha1.Step{
			{Command: "kubectl create -f a.yaml", Files: []v1alpha1.File{{Name: "a.yaml", Content: "kind: Pod\n"}},
				Claims: []v1alpha1.Claim{{Claim: "It\nruns; exit 9", WithinMilliseconds: 60_000, Outcome: v1alpha1.Met}}},
			{Name: "service", Command: "kubectl get service s", Stdout: "10.96.0.1\n"},
			{Command: `kubectl exec c -- curl -H 'a b' '[10.244.1.30]:9876' 10.96.0.1/kbe-pods-x7k2p | grep 'none here'`, Show: "none here"},
			{Command: "kubectl delete pod sise", MayFail: true},
			{Command: "kubectl logs sise"},
		}}, {Steps: []v1alpha1.Step{
			{Command: "kubectl delete pod other"},
			{Command: "kubectl get pods"},
		}}},
	}
	log := filepath.Join(dir, "log")
	t.Setenv("KUBECTL", kubectl)
	t.Setenv("LOG", log)
	if runtime.GOOS == "windows" {
		t.Skip("the script is for bash")
	}
	c := exec.CommandContext(t.Context(), "bash")
	c.Stdin = bytes.NewReader(written(t, "script", r))
	if out, err := c.CombinedOutput(); err == nil {
		t.Errorf("expected that the command that fails ends the script, found no error:\n%s", out)
	}
	found, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	// Logs are read until there are some: the claim had a minute to become true.
	const want = `create namespace NAMESPACE
--namespace NAMESPACE get serviceaccount default
--namespace NAMESPACE create -f a.yaml
--namespace NAMESPACE get service s
--namespace NAMESPACE get pod sise -o jsonpath={.status.podIPs[0].ip}
--namespace NAMESPACE exec c -- curl -H a b [fd00::7]:9876 10.96.0.9/NAMESPACE
--namespace NAMESPACE delete pod sise
--namespace NAMESPACE logs sise
--namespace NAMESPACE logs sise
--namespace NAMESPACE logs sise
--namespace NAMESPACE delete pod other
delete namespace NAMESPACE --ignore-not-found
`
	if string(found) != want {
		t.Errorf("expected\n%s\nfound\n%s", want, found)
	}
}

func TestBashReadsBackWhatWasQuoted(t *testing.T) {
	for _, s := range []string{"", "plain", "two words", "it's", "a\nb\n", "$(x) `y` \\ \"z\"", "\x1b[31m\r", "ü\u202e\xff", "'\x1b\\'"} {
		if got := bash(t, "printf %s "+bashQuote(s)); got != s {
			t.Errorf("expected %q, found %q", s, got)
		}
	}
}
