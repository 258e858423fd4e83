package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// replay runs a report's script with the real kubectl.
func replay(t *testing.T, script string) (stdout, stderr string, code int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "bash")
	c.Stdin = strings.NewReader(script)
	c.Env = append(os.Environ(), "KUBECONFIG="+*kube.KubeConfig)
	if embedded != nil {
		c.Env = append(c.Env, "KUBECTL="+embedded.Kubectl())
	}
	return outcome(t, c)
}

var replayedNamespace = regexp.MustCompile(`(?m)^namespace/(\S+) created`)

func assertReplayIsGone(t *testing.T, stdout string) {
	t.Helper()
	m := replayedNamespace.FindStringSubmatch(stdout)
	if m == nil {
		t.Fatalf("the script made no namespace:\n%s", stdout)
	}
	assertNoNamespace(t, m[1])
}

func TestTheReportsOfARun(t *testing.T) {
	files := t.TempDir()
	args := []string{"pods"}
	if testing.Short() {
		args = append(args, "single-pod", "two-containers", "supervision")
	}
	for _, format := range []string{"json", "yaml", "junit", "html", "script"} {
		args = append(args, "--report-file", format+"="+filepath.Join(files, format))
	}
	stdout, stderr, code := outcome(t, plugin(t, args...))
	if code != 0 || !strings.Contains(stdout, "claims hold. Finished in") {
		t.Fatalf("expected exit code 0 and the story, found %d:\n%s%s", code, stdout, stderr)
	}
	read := func(format string) []byte {
		data, err := os.ReadFile(filepath.Join(files, format))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var r v1alpha1.Report
	if err := json.Unmarshal(read("json"), &r); err != nil {
		t.Fatal(err)
	}
	if r.Verdict != v1alpha1.Passed || r.Claims.Met != r.Claims.Total || r.Run.ServerVersion == "" {
		t.Errorf("found %s, %+v, %+v", r.Verdict, r.Claims, r.Run)
	}
	for _, image := range r.Images {
		if len(image.IDs) != 1 || !strings.Contains(image.IDs[0], "sha256:") {
			t.Errorf("image %s: expected the digest of what ran, found %q", image.Reference, image.IDs)
		}
	}
	assertTimeline(t, r, "twocontainers")
	assertEveryPod(t, r)

	script := string(read("script"))
	if claims := strings.Count(script, "\n# ✓ "); claims != r.Claims.Total {
		t.Errorf("the script: expected %d claims as comments, found %d:\n%s", r.Claims.Total, claims, script)
	}
	stdout, stderr, code = replay(t, script)
	for _, sc := range r.Scenarios {
		if !strings.Contains(stdout, "── "+sc.Title+" ──\n") {
			t.Errorf("the script: expected the scenario %q", sc.Title)
		}
	}
	if code != 0 {
		t.Errorf("the script: expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	assertReplayIsGone(t, stdout)
}

// assertEveryPod asserts that the report reports every Pod, also of those that
// no step waited for: the two that the controller made, and those that are deleted
// at once, which may have come no further than to a node.
func assertEveryPod(t *testing.T, r v1alpha1.Report) {
	t.Helper()
	kept, keptUnstarted := 0, false
	for _, p := range r.Pods {
		isKept, isUnstarted := strings.HasPrefix(p.Name, "keeper-"), len(p.Timeline) < 3
		if isKept {
			kept++
		}
		if isUnstarted && (p.Name == "brief" || isKept && !keptUnstarted) {
			keptUnstarted = keptUnstarted || isKept
			continue
		}
		if len(p.Timeline) < 3 || p.Timeline[0].What != "Created" || p.Timeline[1].What != "Scheduled" {
			t.Errorf("pod %s: found the timeline %+v", p.Name, p.Timeline)
		}
		for _, c := range p.Containers {
			if !strings.Contains(c.ImageID, "sha256:") {
				t.Errorf("pod %s: container %s: expected the digest of what ran, found %q", p.Name, c.Name, c.ImageID)
			}
		}
	}
	if kept != 2 || len(r.Pods) != 14 && !testing.Short() {
		t.Errorf("expected 14 pods, 2 of them of the controller, found %d and %d", len(r.Pods), kept)
	}
}

// assertTimeline asserts that a Pod's way from creation to Ready is reported.
func assertTimeline(t *testing.T, r v1alpha1.Report, name string) {
	t.Helper()
	for _, p := range r.Pods {
		if p.Name != name {
			continue
		}
		var whats []string
		for _, m := range p.Timeline {
			whats = append(whats, m.What)
		}
		if got := strings.Join(whats, " "); !strings.HasPrefix(got, "Created Scheduled ") || !strings.HasSuffix(got, " Ready") {
			t.Errorf("pod %s: found the timeline %s", name, got)
		}
		return
	}
	t.Errorf("pod %s: the report does not report it", name)
}

func TestTheScriptNamesAClaimThatFails(t *testing.T) {
	exhaustive(t)
	script, stderr, code := outcome(t, plugin(t, "run", "-f", withAFalseClaim(t), "two-containers", "-o", "script"))
	if code != 1 {
		t.Fatalf("expected exit code 1, found %d: %s", code, stderr)
	}
	if strings.Count(script, "\n# ✓ ") != 7 || !strings.Contains(script, "\n# ✗ The other container answers on localhost") {
		t.Errorf("the script: expected the claim that fails, and 7 that hold, found:\n%s", script)
	}
	stdout, stderr, code := replay(t, script)
	if code != 0 {
		t.Errorf("the script: expected exit code 0, for it checks no claim; found %d:\n%s%s", code, stdout, stderr)
	}
	assertReplayIsGone(t, stdout)
}
