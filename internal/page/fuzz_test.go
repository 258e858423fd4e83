package page

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// FuzzPage reads pages from anybody, and what their commands may print. None may crash it;
// what is not allowed to an example must not be in what a page becomes; and a page of
// which all is true must not be changed.
func FuzzPage(f *testing.F) {
	pages, err := filepath.Glob("../../e2e/testdata/pages/*.md")
	if err != nil || len(pages) == 0 {
		f.Fatalf("expected pages, found %v, %v", pages, err)
	}
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "NAME   READY   STATUS\nsise   1/1     Running\n", "")
	}
	for _, hostile := range []string{
		"```sh\nkubectl delete ns --all\nkubectl get secrets -A\nkubectl apply -f /etc/passwd\n```",
		"```console\n$ kubectl exec x -it -- bash\nroot@x:/# cat /etc/shadow; $(reboot)\n```",
		"```sh\nkubectl get pods > ~/.bashrc; rm -rf /\nkubectl get pods | sh\n```",
		"```sh\nA=$(kubectl get pod x -o name)\nkubectl delete $A --namespace kube-system\n```",
		"<!-- kbe: {claims: {x: 'pods(\"\").size() > 0'}, name: ../../x} -->\n```sh\nkubectl get po\n```",
		"```sh\nkubectl get pods \\\n\n```\n\x1b]0;title\x07\n```text\n\x1b[2J\n```",
	} {
		f.Add(hostile, "\x1b[2J\x00", "Error from server")
	}
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
			if err := plan.Confined(false); err != nil {
				t.Errorf("expected that what is not allowed is not run, found %v", err)
			}
		}
		outcomes := map[string]expect.Outcome{}
		for i, c := range p.commands {
			outcomes[c.step] = expect.Outcome{Stdout: stdout, Stderr: stderr, ExitCode: i % 2}
		}
		h, corrected := judged(p, outcomes)
		if len(h.differences) == 0 && corrected != text {
			t.Errorf("expected that a page that is true stays as it is, found %q", corrected)
		}
	})
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
	var all []change
	for _, d := range h.differences {
		if d.change != nil {
			all = append(all, *d.change)
		}
	}
	return h, p.apply(append(all, p.renames(h.renamed)...))
}
