package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

const pageImage = "docker.io/mhausenblas/simpleservice:0.5.0"

// reportOf runs the plugin with -o json.
func reportOf(t *testing.T, args ...string) (*v1alpha1.Report, int) {
	t.Helper()
	stdout, stderr, code := outcome(t, plugin(t, append(args, "-o", "json")...))
	r := &v1alpha1.Report{}
	if err := json.Unmarshal([]byte(stdout), r); err != nil {
		t.Fatalf("%v: expected a report, found %v:\n%s%s", args, err, stdout, stderr)
	}
	return r, code
}

// TestAnImageThatCannotRunIsReplaced: the page's own image is for one architecture, and
// not every node can pull it. Its service runs on the shell image then, and the run says so.
func TestAnImageThatCannotRunIsReplaced(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs registries and images that fail, which only the embedded cluster has")
	}
	if err := startRegistry(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ ref, why string }{
		"401":                  {"docker.io/kbe-test/private:1", "401"},
		"403":                  {"docker.io/kbe-test/denied:1", "403"},
		"404":                  {"docker.io/kbe-test/missing:1", "does not exist"},
		"429":                  {"docker.io/kbe-test/limited:1", "429"},
		"503":                  {"docker.io/kbe-test/broken:1", "has an internal error"},
		"out of reach":         {"localhost:5999/missing:1", "cannot reach the registry"},
		"another architecture": {"docker.io/kbe-test/mainframe:1", "has no variant for node"},
		"exec format error":    {variant(t, "docker.io/kbe-test/format:1", provider.Simpleservice{ProgramArch: "arm64"}), "exec format error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := editedPods(t, strings.NewReplacer(pageImage, tc.ref))
			r, code := reportOf(t, "run", "-f", dir, "single-pod", "two-containers")
			if code != 0 || r.Claims.Met != r.Claims.Total {
				t.Errorf("expected exit code 0 and all claims, found %d and %+v: %s", code, r.Claims, r.Error)
			}
			assertReplaced(t, r, tc.ref, tc.why)
			assertNoNamespace(t, r.Run.Namespace)
		})
	}
}

// assertReplaced asserts that an image is reported as replaced, in the report's fields.
func assertReplaced(t *testing.T, r *v1alpha1.Report, ref, why string) {
	t.Helper()
	for _, image := range r.Images {
		if image.Name != "simpleservice" {
			continue
		}
		found := image.Replaced
		if image.Reference != ref || found == nil || !strings.Contains(found.Why, why) ||
			!strings.HasPrefix(found.Reference, "quay.io/centos/") || found.Command != `python3 -c "$(cat service.py)"` {
			t.Errorf("expected that %s is replaced for %q, found %+v %+v", ref, why, image, found)
		}
		return
	}
	t.Errorf("found no image simpleservice in %+v", r.Images)
}

// TestTheUsersOwnImageIsNotReplaced is what --image is for.
func TestTheUsersOwnImageIsNotReplaced(t *testing.T) {
	exhaustive(t)
	r, code := reportOf(t, "pods", "single-pod", "--image", "simpleservice=registry.invalid/nothing:1")
	if code != 3 || r.Images[1].Replaced != nil {
		t.Errorf("expected exit code 3 and nothing replaced, found %d, %+v", code, r.Images)
	}
	assertNoNamespace(t, r.Run.Namespace)
}

// variant loads another stand-in of the page's image, under another reference.
func variant(t *testing.T, ref string, how provider.Simpleservice) string {
	t.Helper()
	archive, err := embedded.SimpleserviceVariant(t.Context(), ref, how)
	if err != nil {
		t.Fatal(err)
	}
	if err := embedded.LoadImageArchive(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
	return ref
}

// TestAProgramMayTakeItsTimeToListen: that changes no verdict; one that never listens fails,
// within the time that the step names.
func TestAProgramMayTakeItsTimeToListen(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs images of programs that are slow, which only the embedded cluster can load")
	}
	const within = 20 * time.Second // of the steps that ask first
	for after, code := range map[string]int{"0s": 0, "3s": 0, "10s": 0, "never": 1} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			ref := variant(t, "docker.io/kbe-test/late-"+after+":1", provider.Simpleservice{ListenAfter: after})
			r, found := reportOf(t, "pods", "single-pod", "two-containers", "--image", "simpleservice="+ref)
			if found != code || code == 0 && r.Claims.Met != r.Claims.Total {
				t.Errorf("expected exit code %d, found %d and %+v", code, found, r.Claims)
			}
			if took := time.Duration(r.VerdictMilliseconds) * time.Millisecond; code != 0 && took > within+30*time.Second {
				t.Errorf("expected a verdict soon after %s, found it after %s", within, took)
			}
			assertNoNamespace(t, r.Run.Namespace)
		})
	}
}
