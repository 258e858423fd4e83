package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
)

var (
	// docFence is a fence with commands: the reason why it is not run, what it holds, its text.
	docFence = regexp.MustCompile("(?ms)^(?:<!-- kbe: \\{skip: ([^}]+)\\} -->\n)?```(sh|bash|console)\n(.*?)^```$")
	// docCommand is one behind a prompt, with the lines that it goes on in.
	docCommand = regexp.MustCompile(`(?m)^\$ ((?:.*\\\n)*.*)$`)
)

// TestTheFencesOfTheDocsRun runs the commands of README and the guides, those of a page one after
// the other. What cannot run has a comment with the reason. A fence that shows a failure fails.
func TestTheFencesOfTheDocsRun(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("the docs are about a cluster of kbe-cluster")
	}
	for _, name := range []string{"ci", "playground"} { // which the guides take for granted
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := client(t).CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := client(t).CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range append(pages, "../README.md") {
		text := read(t, page)
		home := docsHome(t)
		for _, m := range docFence.FindAllStringSubmatchIndex(text, -1) {
			reason, language, body := group(text, m, 1), group(text, m, 2), group(text, m, 3)
			script, fails := body, false
			if language == "console" {
				script, fails = "", strings.Contains(body, "✗") || strings.Contains(body, "error: ")
				for _, c := range docCommand.FindAllStringSubmatch(body, -1) {
					script += c[1] + "\n"
				}
			}
			if script == "" || reason != "" {
				continue
			}
			ran++
			cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
			cmd.Dir = home
			cmd.Env = append(os.Environ(), "HOME="+home, "KUBECONFIG="+*kube.KubeConfig, "PATH="+filepath.Join(home, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
			embedded.Outside(cmd)
			if out, err := cmd.CombinedOutput(); (err != nil) != fails {
				t.Errorf("%s:%d: expected a failure: %t, found %v:\n%s%s", page, 1+strings.Count(text[:m[6]], "\n"), fails, err, script, out)
			}
		}
	}
	if ran < 10 { // else an expression that no longer finds the fences would pass
		t.Errorf("expected 10 fences that run or more, found %d", ran)
	}
}

func group(text string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return text[m[2*i]:m[2*i+1]]
}

// docsHome is the folder of a reader: with the programs in bin, and the page of 2017.
func docsHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for _, folder := range []string{"bin", ".local/bin"} {
		if err := os.MkdirAll(filepath.Join(home, folder), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	plugin, err := buildPlugin()
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := provider.FindKBECluster()
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"kubectl-kbe": plugin, "kubectl": embedded.Kubectl(), "kbe-cluster": cluster} {
		if err := os.Symlink(path, filepath.Join(home, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, from := range map[string]string{"pods.md": "pods-2017.md", "pod.yaml": "pod.yaml"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(read(t, filepath.Join("testdata/pages", from))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}
