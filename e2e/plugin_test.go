package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// buildPlugin builds kubectl-kbe once, as users get it, in the suite's folder.
var buildPlugin = sync.OnceValues(func() (string, error) {
	build := exec.Command("../hack/go.sh", "build", "-ldflags", "-s -w", "-o", dir, "../cmd/kubectl-kbe")
	build.Stderr = os.Stderr
	return filepath.Join(dir, "kubectl-kbe"), build.Run()
})

// plugin returns a command that runs kubectl-kbe on the cluster.
func plugin(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return pluginIn(t.Context(), t, args...)
}

// pluginIn is plugin for another context than the test's, which ends before its
// cleanups.
func pluginIn(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := buildPlugin()
	if err != nil {
		t.Fatalf("build kubectl-kbe: %v", err)
	}
	// Most tests look for what the story shows; without a terminal, the summary is the default.
	if len(args) > 0 {
		if _, err := fs.Stat(examples.FS, args[0]); err == nil || args[0] == "run" {
			args = slices.Insert(slices.Clone(args), 1, "--view=story")
		}
	}
	c := exec.CommandContext(ctx, path, args...)
	c.Env = append(os.Environ(), "KUBECONFIG="+*kube.KubeConfig)
	return c
}

// kubectlCommand returns a command that runs kubectl itself on the cluster.
func kubectlCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	kubectl := "kubectl"
	if embedded != nil {
		kubectl = embedded.Kubectl()
	}
	c := exec.CommandContext(t.Context(), kubectl, args...)
	c.Env = append(os.Environ(), "KUBECONFIG="+*kube.KubeConfig)
	return c
}

// outcome runs a command to its end.
func outcome(t *testing.T, c *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), c.ProcessState.ExitCode()
}

var namespaceLine = regexp.MustCompile(`(?m)^(?:All commands run in n|N)amespace ([a-z0-9-]+)`)

// namespaceOf finds the Namespace that a run has shown.
func namespaceOf(t *testing.T, story string) string {
	t.Helper()
	m := namespaceLine.FindStringSubmatch(story)
	if m == nil {
		t.Fatalf("the story names no namespace:\n%s", story)
	}
	return m[1]
}

// assertNoNamespace asserts that a run's Namespace is deleted.
func assertNoNamespace(t *testing.T, name string) {
	t.Helper()
	if _, err := client(t).CoreV1().Namespaces().Get(context.Background(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("namespace %q: expected it gone, found %v", name, err)
	}
}

func TestKubectlRunsThePlugin(t *testing.T) {
	path, err := buildPlugin()
	if err != nil {
		t.Fatal(err)
	}
	c := kubectlCommand(t, "kbe", "pods")
	c.Env = append(c.Env, "PATH="+filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	stdout, stderr, code := outcome(t, c)
	if code != 0 || !strings.Contains(stdout, "claims hold. Finished in") {
		t.Errorf("kubectl kbe pods: expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertNoNamespace(t, namespaceOf(t, stdout))
}

// withAFalseClaim is a folder with the example pods, of which one claim does not hold.
func withAFalseClaim(t *testing.T) string {
	t.Helper()
	return editedPods(t, strings.NewReplacer(`json(stdout).host == "localhost:9876"`, `json(stdout).host == "localhost:9877"`, "within: 20s", "within: 3s"))
}

// editedPods is a folder with the example pods, all files of which are edited.
func editedPods(t *testing.T, edit *strings.Replacer) string {
	t.Helper()
	dir := t.TempDir()
	names, err := fs.Glob(examples.FS, "pods/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(examples.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path.Base(name)), []byte(edit.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAClaimThatDoesNotHoldIsShownWithExpectedAndFound(t *testing.T) {
	exhaustive(t)
	stdout, _, code := outcome(t, plugin(t, "run", "-f", withAFalseClaim(t)))
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	for _, want := range []string{
		"✗ The other container answers on localhost",
		`expression  json(stdout).host == "localhost:9877"`,
		`expected    "localhost:9877"`,
		`found       "localhost:9876"`,
		"✗ 39 of 40 claims hold, 1 failed.",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("expected %q in the story:\n%s", want, stdout)
		}
	}
	assertNoNamespace(t, namespaceOf(t, stdout))
}

func TestAnImageThatCannotBePulledIsTheCause(t *testing.T) {
	// The name is reserved for never existing (RFC 2606).
	stdout, _, code := outcome(t, plugin(t, "pods", "--image", "simpleservice=registry.invalid/nothing:1"))
	if code != 3 {
		t.Errorf("expected exit code 3, found %d", code)
	}
	for _, want := range []string{
		"pod/sise cannot become Ready",
		"cannot reach the registry of the image registry.invalid/nothing:1",
		"--registry HOST",
		"claims not checked",
	} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) { // however it is wrapped
			t.Errorf("expected %q in the story:\n%s", want, stdout)
		}
	}
	assertNoNamespace(t, namespaceOf(t, stdout))
}

func TestACommandThatFailsIsReportedWithTheExamplesOwnFileName(t *testing.T) {
	t.Parallel()
	s := &scene{T: t, name: "invalid"}
	stdout, stderr, code := outcome(t, plugin(t, s.pod("  containers: [{name: NOT_A_LABEL, image: SERVICE}]")...))
	if code != 3 || !strings.Contains(stdout, "kubectl create -f pod.yaml: exit code 1") || !strings.Contains(stdout, `The Pod "subject" is invalid`) {
		t.Errorf("expected exit code 3 and the file pod.yaml, found %d:\n%s%s", code, stdout, stderr)
	}
}

func TestInANamespaceOfOthersOnlyWhatTheRunMadeIsRemoved(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "theirs")
	theirs := f.start(f.server("theirs", ""))
	stdout, _, code := outcome(t, plugin(t, "pods", "-n", f.session.Namespace))
	if code != 0 {
		t.Errorf("expected exit code 0, found %d:\n%s", code, stdout)
	}
	assertOnlyPod(t, theirs)
}

func TestANameThatIsTakenIsRefused(t *testing.T) {
	f := newFixture(t, "taken")
	theirs := f.start(f.server("sise", ""))
	stdout, stderr, code := outcome(t, plugin(t, "pods", "-n", f.session.Namespace))
	if code != 3 || stdout != "" || !strings.Contains(flat(stderr), `pods "sise" already exists`) {
		t.Errorf("expected exit code 3 and the name that is taken, found %d:\n%s%s", code, stdout, stderr)
	}
	assertOnlyPod(t, theirs)
}

func assertOnlyPod(t *testing.T, want *corev1.Pod) {
	t.Helper()
	pods, err := client(t).CoreV1().Pods(want.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != 1 || pods.Items[0].UID != want.UID {
		t.Errorf("expected that pod %q alone is left, found %d pods", want.Name, len(pods.Items))
	}
}

func TestKeepLeavesEverythingAndSaysHowToRemoveIt(t *testing.T) {
	stdout, _, code := outcome(t, plugin(t, "pods", "--keep"))
	namespace := namespaceOf(t, stdout)
	t.Cleanup(func() {
		if err := client(t).CoreV1().Namespaces().Delete(context.Background(), namespace, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	if code != 0 || !strings.Contains(stdout, "kubectl delete namespace "+namespace) {
		t.Errorf("expected exit code 0 and the command that removes it, found %d:\n%s", code, stdout)
	}
	if _, err := client(t).CoreV1().Pods(namespace).Get(t.Context(), "twocontainers", metav1.GetOptions{}); err != nil {
		t.Errorf("expected that the pod is kept: %v", err)
	}
}

// runUntil runs a command, and calls then once a line of its output contains text.
func runUntil(t *testing.T, c *exec.Cmd, text string, then func(stdout io.Closer)) (story string, code int) {
	t.Helper()
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errOut bytes.Buffer
	c.Stderr = &errOut
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	seen := false
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 64<<20) // a command that waits for its reader does not end
	for lines.Scan() {
		b.WriteString(lines.Text() + "\n")
		if !seen && strings.Contains(lines.Text(), text) {
			seen = true
			then(stdout)
		}
	}
	_ = c.Wait() // the exit code is looked at below
	if !seen {
		t.Fatalf("expected a line with %q:\n%s%s", text, b.String(), errOut.String())
	}
	return b.String(), c.ProcessState.ExitCode()
}

func TestASignalCleansUp(t *testing.T) {
	for _, tc := range []struct {
		signal syscall.Signal
		at     string
		code   int
	}{
		{syscall.SIGINT, "in namespace kbe-pods-", 130},
		{syscall.SIGINT, "kubectl run sise", 130},
		{syscall.SIGINT, "kubectl wait", 130},
		{syscall.SIGTERM, "curl -sS", 143},
		{syscall.SIGQUIT, "kubectl run sise", 131},
	} {
		t.Run(tc.signal.String()+" at "+tc.at, func(t *testing.T) {
			if tc.at != "kubectl wait" {
				exhaustive(t)
			}
			t.Parallel()
			c := plugin(t, "pods")
			story, code := runUntil(t, c, tc.at, func(io.Closer) {
				if err := c.Process.Signal(tc.signal); err != nil {
					t.Error(err)
				}
			})
			if code != tc.code || !strings.Contains(story, "Interrupted ("+run.Signaled{Signal: tc.signal}.String()+")") {
				t.Errorf("expected exit code %d, found %d:\n%s", tc.code, code, story)
			}
			assertNoNamespace(t, namespaceOf(t, story))
		})
	}
}

// TestAClosedTerminalCleansUp: the kernel and the shell both report it.
func TestAClosedTerminalCleansUp(t *testing.T) {
	c := plugin(t, "pods", "resources")
	story, code := runUntil(t, c, "kubectl create", func(io.Closer) {
		go func() {
			for c.Process.Signal(syscall.SIGHUP) == nil {
				runtime.Gosched()
			}
		}()
	})
	if code != 128+int(syscall.SIGHUP) {
		t.Errorf("expected the exit code of SIGHUP, found %d", code)
	}
	assertNoNamespace(t, namespaceOf(t, story))
}

func TestAFullDiskIsReported(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	c := plugin(t, "pods", "resources")
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = full, &stderr
	_ = c.Run() // the exit code is checked below
	if code := c.ProcessState.ExitCode(); code != 3 || !strings.Contains(stderr.String(), "no space left on device") {
		t.Errorf("expected exit code 3 and the reason, found %d: %s", code, &stderr)
	}
}

func TestStepWithoutAnInput(t *testing.T) {
	_, stderr, code := outcome(t, plugin(t, "pods", "resources", "--step")) // its standard input is /dev/null
	if code != 3 || !strings.Contains(stderr, "the standard input has ended") {
		t.Errorf("expected exit code 3 and the reason, found %d: %s", code, stderr)
	}
}

func TestAClosedOutputCleansUp(t *testing.T) {
	c := plugin(t, "pods")
	story, code := runUntil(t, c, "in namespace kbe-pods-", func(stdout io.Closer) {
		if err := stdout.Close(); err != nil {
			t.Error(err)
		}
	})
	if code != 128+int(syscall.SIGPIPE) {
		t.Errorf("expected the exit code of SIGPIPE, found %d", code)
	}
	assertNoNamespace(t, namespaceOf(t, story))
}

func TestBadInput(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"podz"}, 2, `unknown command "podz"`},
		{[]string{"pods", "--kep"}, 2, "unknown flag: --kep"},
		{[]string{"pods", "extra"}, 2, "unknown scenario `extra`"},
		{[]string{"pods", "--step", "--dry-run"}, 2, "cannot be combined"},
		{[]string{"pods", "--timeout", "-1s"}, 2, "greater than 0"},
		{[]string{"pods", "--registry", "not a host"}, 2, "HOST[:PORT]"},
		{[]string{"pods", "--image-pull-secret", "x"}, 2, "set the secret's namespace with -n"},
		{[]string{"pods", "--image", "shel=x"}, 2, "one of the names shell, simpleservice"},
		{[]string{"pods", "--image", "shell="}, 2, "expected a reference"},
		{[]string{"pods", "--context", "nowhere"}, 3, `context "nowhere" does not exist`},
		{[]string{"pods", "--kubeconfig", "/nonexistent/file"}, 3, "/nonexistent/file"},
		{[]string{"pods", "--server", "https://127.0.0.1:1"}, 3, "connection refused"},
		{[]string{"pods", "-n", "no-such-namespace"}, 3, `namespace "no-such-namespace" does not exist`},
	} {
		stdout, stderr, code := outcome(t, plugin(t, tc.args...))
		if code != tc.code || !strings.Contains(stdout+stderr, tc.want) {
			t.Errorf("kubectl kbe %s: expected exit code %d and %q, found %d: %s%s", strings.Join(tc.args, " "), tc.code, tc.want, code, stdout, stderr)
		}
	}
}
