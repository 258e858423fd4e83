package page

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// FuzzPage reads pages from anybody, and what their commands may print. None may crash it;
// what runs stays in the run's namespace; a terminal does not obey what is shown; what is
// printed never becomes a command of the page; and a page of which all is true must not be
// changed.
func FuzzPage(f *testing.F) {
	pages, err := filepath.Glob("../../e2e/testdata/pages/*.md")
	if err != nil || len(pages) == 0 {
		f.Fatalf("expected pages, found %v, %v", pages, err)
	}
	long := ""
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "NAME   READY   STATUS\nsise   1/1     Running\n", "")
		if strings.Count(long, "\n") < 300 {
			long += string(text)
		}
	}
	f.Add(long, "pod/sise created\n", "Error from server (NotFound): pods \"a\" not found\n")
	for _, hostile := range []string{
		"```sh\nkubectl delete ns --all\nkubectl get secrets -A\nkubectl apply -f /etc/passwd\n```",
		"```console\n$ kubectl exec x -it -- bash\nroot@x:/# cat /etc/shadow; $(reboot)\n```",
		"```sh\nkubectl get pods > ~/.bashrc; rm -rf /\nkubectl get pods | sh\n```",
		"```sh\nA=$(kubectl get pod x -o name)\nkubectl delete $A --namespace kube-system\n```",
		"<!-- kbe: {claims: {x: 'pods(\"\").size() > 0'}, name: ../../x} -->\n```sh\nkubectl get po\n```",
		"```sh\nkubectl get pods \\\n\n```\n\x1b]0;title\x07\n```text\n\x1b[2J\n```",
		"```sh\nkubectl apply -f ../../../etc/kubernetes/admin.conf -f https://169.254.169.254/latest\nkubectl --server=https://example.com get --raw /api\n```",
	} {
		f.Add(hostile, "\x1b[2J\x00", "Error from server")
	}
	f.Add("```\n$ kubectl logs a\none\n```\n", "two\n```\n$ kubectl delete all --all\n\x1b[2J\n", "")
	f.Fuzz(func(t *testing.T, text, stdout, stderr string) {
		p, err := Read("page.md", strings.NewReader(text))
		if err != nil {
			return
		}
		e, err := p.Example(Sources{})
		if e == nil {
			return
		}
		if plan := planOf(p, e, err); plan != nil {
			assertConfined(t, e)
			assertShown(t, plan)
		}
		outcomes := map[string]expect.Outcome{}
		for i, c := range p.commands {
			outcomes[c.step] = expect.Outcome{Stdout: stdout, Stderr: stderr, ExitCode: i % 2}
		}
		h := p.judge(outcomes, "kbe-page-abcde", "")
		corrected := p.corrected(h)
		if len(h.differences) == 0 && corrected != text {
			t.Errorf("expected that a page that is true stays as it is, found %q", corrected)
		}
		if again, err := Read("page.md", strings.NewReader(corrected)); err != nil || len(again.commands) != len(p.commands) {
			t.Errorf("expected that a change of the page adds no command, found %v in %q", err, corrected)
		}
		r := &v1alpha1.Report{Scenarios: []v1alpha1.Scenario{{Steps: []v1alpha1.Step{{Command: text, Stdout: stdout, Stderr: stderr}}}}}
		for _, d := range h.differences {
			r.Scenarios[0].Steps[0].Claims = append(r.Scenarios[0].Steps[0].Claims, v1alpha1.Claim{Claim: d.Text, Outcome: v1alpha1.Failed, Mismatches: []v1alpha1.Mismatch{
				{Text: d.Text, Expected: d.Shown, Found: []v1alpha1.Value{{Value: d.Found}}},
			}})
		}
		var shown bytes.Buffer
		if err := report.Write(&shown, "markdown", r); err != nil {
			t.Fatal(err)
		}
		assertPrintable(t, shown.String())
		assertPrintable(t, report.Printable(p.Patch(corrected)))
	})
}

// elsewhere are the flags by which a command would leave the run's namespace, or its cluster.
var elsewhere = []string{"-n", "--namespace", "-A", "--all-namespaces", "--kubeconfig", "--context", "--cluster", "--user", "--server", "-s", "--token", "--as",
	"--certificate-authority", "--client-key", "--cache-dir", "--from-file", "--from-env-file", "-k", "--kustomize", "--patch-file", "--raw", "-R", "--log-file"}

// assertConfined asserts, without the tables that confine an example, that each command that
// runs is kubectl's, stays in its namespace and uses only the manifests of the page.
func assertConfined(t *testing.T, e *example.Example) {
	t.Helper()
	for _, st := range e.Spec.Scenarios[0].Steps {
		cmd, err := example.ParseCommand(st.Run)
		if st.NotRun != "" || err != nil {
			continue
		}
		words, err := cmd.Expand(func(string) (string, error) { return "value", nil })
		if err != nil || len(words) < 2 || words[0] != "kubectl" || slices.Contains([]string{"cp", "config", "proxy", "port-forward", "edit", "debug", "plugin"}, words[1]) {
			t.Errorf("expected a command of the namespace, found %q, %v", words, err)
			continue
		}
		for _, w := range words {
			if w == "--" {
				break
			}
			flag, _, _ := strings.Cut(w, "=")
			if slices.Contains(elsewhere, flag) {
				t.Errorf("expected a command of the namespace, found %q", words)
			}
		}
		for _, name := range cmd.Files() {
			if _, ok := e.Files[name]; !ok || name != filepath.Base(name) {
				t.Errorf("expected manifests of the page, found %q in %q", name, words)
			}
		}
	}
}

// assertShown asserts that a terminal shows the commands, and obeys nothing in them.
func assertShown(t *testing.T, plan *engine.Plan) {
	t.Helper()
	var shown bytes.Buffer
	story := report.NewStory(report.NewTerminal(&shown, nil, 80, false))
	if err := engine.Preview(t.Context(), plan, engine.Options{}, story.Handle); err != nil {
		t.Fatal(err)
	}
	assertPrintable(t, shown.String())
}

func assertPrintable(t *testing.T, shown string) {
	t.Helper()
	if i := strings.IndexFunc(shown, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
		t.Errorf("expected text that a terminal only shows, found %q", shown[max(0, i-20):min(len(shown), i+20)])
	}
}

// planOf is the plan of a page without the commands that cannot run, as verify makes it; nil
// where the page is refused.
func planOf(p *Page, e *example.Example, err error) *engine.Plan {
	for {
		plan, wrong := engine.Compile(e)
		if err = example.Join(err, wrong); err == nil {
			err = plan.Confined(false)
		}
		if err == nil {
			return plan
		}
		if p.Without(e, err) != nil {
			return nil
		}
		err = nil
	}
}

// judged is what outcomes say of a page, and the page with the changes.
func judged(p *Page, outcomes map[string]expect.Outcome) (*history, string) {
	h := p.judge(outcomes, "kbe-page-abcde", "")
	return h, p.corrected(h)
}
