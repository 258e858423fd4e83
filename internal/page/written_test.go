package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// commandsOf are the commands of a page as they run, those that do not with the reason.
func commandsOf(t *testing.T, text string) (all []string) {
	t.Helper()
	e, err := read(t, "page.md", text).Example(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range e.Spec.Scenarios[0].Steps {
		if st.NotRun != "" {
			all = append(all, st.NotRun)
			continue
		}
		all = append(all, st.Run)
	}
	return all
}

func TestFilesThatAPageWrites(t *testing.T) {
	const kept = "verify keeps the file for the commands that name it"
	const manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	for name, tc := range map[string]struct {
		script string
		want   []string
	}{
		"a secret":                            {"echo -n \"s3cret\" > ./key.txt\nkubectl create secret generic a --from-file=./key.txt", []string{"not run: `echo -n \"s3cret\" > ./key.txt`: " + kept, "kubectl create secret generic a --from-literal=key.txt=s3cret"}},
		"with a key":                          {"echo a > f\necho b >> f\nkubectl create cm a --from-file=key=f", []string{"not run: `echo a > f`: " + kept, "not run: `echo b >> f`: " + kept, "kubectl create cm a '--from-literal=key=a\nb\n'"}},
		"a manifest":                          {"cat > a.yaml <<EOF\n" + manifest + "EOF\nkubectl apply -f a.yaml", []string{"not run: `cat > a.yaml <<EOF " + strings.ReplaceAll(strings.TrimSpace(manifest), "\n", " ") + " EOF`: " + kept, "kubectl apply -f a.yaml"}},
		"a manifest in a pipe":                {`echo -e "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}" | kubectl apply -f -`, []string{"kubectl apply -f stdin-2.yaml"}},
		"a manifest with an output":           {"X=$(kubectl get pods -o name)\ncat > a.yaml <<EOF\na: $X\nEOF\nkubectl apply -f a.yaml", []string{"kubectl get pods -o name", "not run: `cat > a.yaml <<EOF a: $X EOF`: " + kept, "not run: `kubectl apply -f a.yaml`: the manifest a.yaml has the output of a command in it"}},
		"an output in a pipe":                 {"X=$(kubectl get pods -o name)\necho \"a: $X\" | kubectl apply -f -", []string{"kubectl get pods -o name", "not run: `echo \"a: $X\" | kubectl apply -f -`: the manifest stdin-3.yaml has the output of a command in it"}},
		"input for a program":                 {"kubectl exec -i a -- sh <<EOF\ntouch /b\nEOF", []string{"not run: `kubectl exec -i a -- sh <<EOF touch /b EOF`: it reads standard input, which verify gives to -f - only"}},
		"a file that the page does not write": {"kubectl create secret generic a --from-file=/etc/passwd", []string{"kubectl create secret generic a --from-file=/etc/passwd"}}, // which no example may
		"a file elsewhere":                    {"echo a > /etc/passwd", []string{"not run: `echo a > /etc/passwd`: `echo` is another program: verify runs kubectl, and programs in containers"}},
		"the output of a command":             {"echo $(kubectl get pods -o name) > f", []string{"kubectl get pods -o name", "not run: `echo $(kubectl get pods -o name) > f`: `echo` is another program: verify runs kubectl, and programs in containers"}},
	} {
		if found := commandsOf(t, "```bash\n"+tc.script+"\n```\n"); !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
	}
}

// TestAPageIsNotMuchLongerThanItsText: what a page has once, its commands may name again and again.
func TestAPageIsNotMuchLongerThanItsText(t *testing.T) {
	long := strings.Repeat("a", 1<<16)
	for name, text := range map[string]string{
		"a variable that doubles": "```sh\nX=aaaaaaaa\n" + strings.Repeat("X=$X$X\n", 40) + "kubectl get pod $X\n```\n",
		"a variable":              "```sh\nX=" + long + "\n" + strings.Repeat("kubectl get pod $X\n", 100) + "```\n",
		"a file for a secret":     "```sh\necho " + long + " > f\nkubectl create cm x" + strings.Repeat(" --from-file=f", 100) + "\n```\n",
		"a patch":                 "```yaml title=f.yaml\nkind: " + long + "\n```\n\n```sh\n" + strings.Repeat("kubectl patch pod x --patch-file f.yaml\n", 100) + "```\n",
		"a manifest":              "```yaml title=f.yaml\nkind: " + long + "\napiVersion: v1\n```\n\n```sh\n" + strings.Repeat("kubectl apply -f f.yaml\n", 100) + "```\n",
	} {
		e, _ := read(t, "page.md", text).Example(Sources{}) // the error names the commands that are too long
		all := ""
		for _, st := range e.Spec.Scenarios[0].Steps {
			all += st.Run + st.NotRun + "\n"
		}
		if !strings.Contains(all, "the commands of the page take more than 4 MiB from variables and files") && !strings.Contains(all, "the page does not say what $X is") {
			t.Errorf("%s: expected a command that is not run because of what it takes", name)
		}
		if len(all) > 2*mostCopied {
			t.Errorf("%s: expected commands of at most %d bytes, found %d", name, 2*mostCopied, len(all))
		}
	}
}

// TestTooManyCommandsAreNotRead: each of them is compared with what the page shows before it.
func TestTooManyCommandsAreNotRead(t *testing.T) {
	for name, command := range map[string]string{
		"in fences": "```sh\nkubectl get pods\n```\n\n", "after prompts": "    $ kubectl get pods\n", "in a line": "Run `kubectl get pods` ",
	} {
		if _, err := Read("page.md", strings.NewReader(strings.Repeat(command, example.MostSteps))); err != nil {
			t.Errorf("%s: expected that %d commands are read, found %v", name, example.MostSteps, err)
		}
		_, err := Read("page.md", strings.NewReader(strings.Repeat(command, example.MostSteps+1)))
		if want := "page.md: expected at most 500 commands, found more"; fmt.Sprint(err) != want {
			t.Errorf("%s: expected %q, found %v", name, want, err)
		}
	}
}

func TestWhatIsNotACommandToRunNow(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"an instruction":     {"To delete it, execute `kubectl delete pod a`.\n", []string{"kubectl delete pod a"}},
		"one for later":      {"- but you'll need to run `kubectl delete pod a` at the end of this section.\n\n```\nkubectl get pods\n```\n", []string{"kubectl get pods"}},
		"one that asks":      {"Run `kubectl create job a --image=b` to check if you may.\n", []string{"kubectl create job a --image=b"}},
		"one that reads":     {"Run `kubectl get pods` again a few seconds later, if you like.\n", []string{"kubectl get pods"}},
		"one for a case":     {"Run `kubectl delete pod a` if it is there.\n\n```\nkubectl get pods\n```\n", []string{"kubectl get pods"}},
		"Ctrl-C":             {"```bash\nkubectl exec a -- ping b\n```\n\nPress Ctrl-C:\n```bash\n^C\n```\n", []string{"not run: `kubectl exec a -- ping b`: the page ends it with Ctrl-C: verify runs commands that end by themselves"}},
		"Ctrl-C of a follow": {"```bash\nkubectl logs -f a\n^C\n```\n", []string{"kubectl logs a"}},
		"another namespace": {"```bash\nkubectl apply -f - <<EOF\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: other}\nEOF\n```\n",
			[]string{"not run: `kubectl apply -f - <<EOF apiVersion: v1 kind: Pod metadata: {name: a, namespace: other} EOF`: the manifest stdin-2.yaml is for the namespace other, and all commands run in one namespace"}},
	} {
		if found := commandsOf(t, tc.text); !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
	}
}

// TestAPartOfAManifestIsNoOutput of kubectl apply; an error with a colon is one.
func TestAPartOfAManifestIsNoOutput(t *testing.T) {
	for shown, lines := range map[string]int{
		"spec:\n  replicas: 1": 0,
		"configmap/a created":  1,
		`Error from server (AlreadyExists): configmaps "a" already exists`: 1,
		"error: the first\nerror: the second":                              2,
		"Warning: a is deprecated\nconfigmap/a created":                    2,
	} {
		p := read(t, "page.md", "```bash\nkubectl apply -f a.yaml\n```\n\nIt says:\n\n```\n"+shown+"\n```\n")
		if found := len(p.commands[0].output); found != lines {
			t.Errorf("%s: expected %d lines of output, found %d", shown, lines, found)
		}
	}
}

// TestWhyACommandFails is what is said of one that could not succeed.
func TestWhyACommandFails(t *testing.T) {
	for name, tc := range map[string]struct {
		commands [2]string
		out      [2]expect.Outcome
		want     []string
	}{
		"another way to delete it": {[2]string{"kubectl delete pods -l a=b", "kubectl delete pod web"},
			[2]expect.Outcome{{Stdout: "pod \"web\" deleted from kbe-page-abcde namespace\n"}, {ExitCode: 1, Stderr: `Error from server (NotFound): pods "web" not found`}},
			[]string{"3: the command in line 2 has deleted web before; if this is another way to do the same, the comment `<!-- kbe: {skip: \"another way\"} -->` before it says so"}},
		"a program that the image lacks": {[2]string{"kubectl get pods", "kubectl exec web -- ping -c 1 b"},
			[2]expect.Outcome{{}, {ExitCode: 1, Stderr: `exec: "ping": executable file not found in $PATH`}},
			[]string{"3: the command fails with exit code 1: the image of the container has no such program"}},
		"what did not run": {[2]string{"helm install web ./chart", "kubectl describe pod web"},
			[2]expect.Outcome{{}, {ExitCode: 1, Stderr: `Error from server (NotFound): pods "web" not found`}}, nil},
		"what did not run, of another": {[2]string{"helm install db ./chart", "kubectl describe pod web"},
			[2]expect.Outcome{{}, {ExitCode: 1, Stderr: `Error from server (NotFound): pods "web" not found`}},
			[]string{"3: the command fails with exit code 1"}},
	} {
		p := read(t, "page.md", fmt.Sprintf("```bash\n%s\n%s\n```\n", tc.commands[0], tc.commands[1]))
		if found, _ := findings(p, outputsOf{"2": tc.out[0], "3": tc.out[1]}); !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
	}
}
