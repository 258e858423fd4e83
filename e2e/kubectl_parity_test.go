package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// throughKubectl returns what kubectl prints when it finds the plugin, and its
// completer, on PATH.
func throughKubectl(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	path, err := buildPlugin()
	if err != nil {
		t.Fatalf("build kubectl-kbe: %v", err)
	}
	bin := t.TempDir()
	for _, name := range []string{"kubectl-kbe", "kubectl_complete-kbe"} {
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	c := kubectlCommand(t, args...)
	c.Env = append(c.Env, "PATH="+bin+":"+os.Getenv("PATH"))
	return outcome(t, c)
}

// candidates are what kubectl would offer at TAB.
func candidates(t *testing.T, words ...string) []string {
	t.Helper()
	stdout, stderr, code := throughKubectl(t, append([]string{"__complete", "kbe"}, words...)...)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != 0 || !strings.HasPrefix(lines[len(lines)-1], ":") {
		t.Fatalf("%v: found exit code %d, %s%s", words, code, stdout, stderr)
	}
	var out []string
	for _, line := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(line, "\t")
		out = append(out, word)
	}
	return out
}

func TestCompletionThroughKubectl(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "completion")
	f.start(f.server("completed", ""))
	for _, tc := range []struct {
		words []string
		want  string
	}{
		{[]string{"po"}, "pods"},
		{[]string{"pods", "single-pod", "loop"}, "loopback"},
		{[]string{"pods", "-n", f.session.Namespace[:len(f.session.Namespace)-1]}, f.session.Namespace},
		{[]string{"pods", "--image", "sh"}, "shell="},
		{[]string{"pods", "--ke"}, "--keep"},
		{[]string{"reach", "--from", "sib"}, "sibling"},
		{[]string{"reach", "-n", f.session.Namespace, "compl"}, "completed"},
	} {
		if found := candidates(t, tc.words...); !slices.Equal(found, []string{tc.want}) {
			t.Errorf("%v: expected %v, found %v", tc.words, tc.want, found)
		}
	}
}

// TestGlobalOptionsAreKubectls compares with the kubectl that is here.
func TestGlobalOptionsAreKubectls(t *testing.T) {
	t.Parallel()
	option := regexp.MustCompile(`(?m)^ +(?:-\w, )?--([\w-]+)=`)
	names := func(args ...string) (out []string) {
		text, stderr, code := throughKubectl(t, args...)
		if code != 0 {
			t.Fatalf("%v: found exit code %d, %s", args, code, stderr)
		}
		for _, m := range option.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		return out
	}
	kubectls, ours := names("options"), names("kbe", "options")
	// What is left out: preferences for kubectl's own commands, what profiles
	// kubectl, its logs' files, and what an API server has not taken since 1.19.
	left := []string{"kuberc", "match-server-version", "profile", "profile-output", "log-flush-frequency", "warnings-as-errors", "username", "password"}
	for _, name := range kubectls {
		if !slices.Contains(ours, name) && !slices.Contains(left, name) {
			t.Errorf("--%s is an option of kubectl, and none of kubectl kbe", name)
		}
	}
	own := []string{"config"} // defaults for our flags
	for _, name := range ours {
		if !slices.Contains(kubectls, name) && !slices.Contains(own, name) {
			t.Errorf("--%s is no option of kubectl", name)
		}
	}
}

func TestVersionOfClientAndServer(t *testing.T) {
	t.Parallel()
	type versions struct {
		KubectlVersion string
		ServerVersion  struct{ GitVersion, Platform string }
	}
	var ours, kubectls versions
	for _, v := range []struct {
		into *versions
		args []string
	}{{&ours, []string{"kbe", "version", "-o", "json"}}, {&kubectls, []string{"version", "-o", "json"}}} {
		stdout, stderr, code := throughKubectl(t, v.args...)
		if err := json.Unmarshal([]byte(stdout), v.into); err != nil || code != 0 {
			t.Fatalf("%v: found exit code %d, %v: %s%s", v.args, code, err, stdout, stderr)
		}
	}
	if !strings.HasPrefix(ours.KubectlVersion, "v1.") || ours.ServerVersion != kubectls.ServerVersion || ours.ServerVersion.GitVersion == "" {
		t.Errorf("found %+v and, by kubectl itself, %+v", ours, kubectls)
	}
}

func TestRequestsAreLoggedOnDemand(t *testing.T) {
	t.Parallel()
	const request = `verb="GET"`
	for _, args := range [][]string{{"version"}, {"cleanup", "--dry-run"}} {
		_, quiet, _ := outcome(t, plugin(t, args...))
		_, loud, code := outcome(t, plugin(t, append(args, "-v=6")...))
		if code != 0 || strings.Contains(quiet, request) || !strings.Contains(loud, request) {
			t.Errorf("%v: expected requests with -v=6 only, found %q and, exit code %d, %q", args, quiet, code, loud)
		}
	}
}

// TestRequestTimeoutIsNotThatOfARun: it ends single requests, of which a watch is
// one, and the run goes on.
func TestRequestTimeoutIsNotThatOfARun(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := outcome(t, plugin(t, "pods", "resources", "--request-timeout=2s"))
	if code != 0 || !strings.Contains(stdout, "2 of 2 claims hold") {
		t.Errorf("found exit code %d, %s%s", code, stdout, stderr)
	}
}

// TestWarningsAreReportedOnce runs in a Namespace whose policy warns of each pod.
func TestWarningsAreReportedOnce(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "warnings")
	ns, err := client(t).CoreV1().Namespaces().Get(t.Context(), f.session.Namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ns.Labels["pod-security.kubernetes.io/warn"] = "restricted"
	if _, err := client(t).CoreV1().Namespaces().Update(t.Context(), ns, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := outcome(t, plugin(t, "pods", "resources", "-n", ns.Name))
	const warning = "would violate PodSecurity"
	if n := strings.Count(stdout+stderr, warning); code != 0 || n != 1 {
		t.Errorf("expected one warning, found %d, exit code %d:\n%s%s", n, code, stdout, stderr)
	}
}
