package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inFolder writes pages into a folder, and goes there.
func inFolder(t *testing.T, pages map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// TestWhatCannotRunIsListed: no command of a page is passed over in silence.
func TestWhatCannotRunIsListed(t *testing.T) {
	noCluster(t)
	inFolder(t, map[string]string{"page.md": "# Page\n```sh\nhelm install a b\nkubectl get nodes\nkubectl get pods -n kube-system\nkubectl get pods | tee x\nkubectl apply -f https://example.com/x.yaml\nkubectl get pod <name>\nkubectl get pods\n```\n"})
	code, stdout, stderr := execute(t, "", "verify", "page.md", "--dry-run")
	if code != exitPassed || !strings.Contains(stdout, "Dry run: 1 commands") {
		t.Errorf("expected one command that runs, found exit code %d:\n%s%s", code, stdout, stderr)
	}
	said := strings.Join(strings.Fields(stdout), " ")
	for _, want := range []string{
		"`helm` is another program", "nodes are cluster-scoped", "found the flag `-n`", "its output is piped into `tee`",
		"there is no manifest x.yaml", "the page leaves <name> to the reader",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("expected %q in\n%s", want, stdout)
		}
	}
}

// TestEachPageThatCouldNotRunIsInTheReports, and not only the first one.
func TestEachPageThatCouldNotRunIsInTheReports(t *testing.T) {
	noCluster(t)
	page := "# Page\n```sh\nkubectl get pods\n```\n"
	inFolder(t, map[string]string{"a.md": page, "b.md": page})
	code, stdout, _ := execute(t, "", "verify", ".", "--server", "https://127.0.0.1:1", "-o", "github")
	for _, want := range []string{"::error file=a.md,line=1,", "::error file=b.md,line=1,"} {
		if code != exitCouldNotRun || !strings.Contains(stdout, want) || strings.Count(stdout, "does not answer") != 2 {
			t.Errorf("expected exit code %d and %s, found %d:\n%s", exitCouldNotRun, want, code, stdout)
		}
	}
}

// TestAPageWithoutCommands is refused where it is named, and skipped in a folder.
func TestAPageWithoutCommands(t *testing.T) {
	noCluster(t)
	inFolder(t, map[string]string{"prose.md": "# Prose\n", "page.md": "# Page\n```sh\nkubectl get pods\n```\n"})
	if code, _, stderr := execute(t, "", "verify", "prose.md", "--dry-run"); code != exitUsage || !strings.Contains(stderr, "prose.md: expected a fence with a kubectl command, found none") {
		t.Errorf("expected that the page is refused, found exit code %d: %s", code, stderr)
	}
	if code, _, stderr := execute(t, "", "verify", ".", "--dry-run"); code != exitPassed || !strings.Contains(stderr, "prose.md: skipped: it shows no command") {
		t.Errorf("expected that the page is skipped, found exit code %d: %s", code, stderr)
	}
}

// TestAManifestOfAPageNamesItsLine: what is wrong in a fence of YAML is on the page.
func TestAManifestOfAPageNamesItsLine(t *testing.T) {
	noCluster(t)
	inFolder(t, map[string]string{"page.md": "# Page\n```yaml\n# pod.yaml\napiVersion: v1\nkind: Pod\nmetadata:\n  nam: x\n```\n```sh\nkubectl apply -f pod.yaml\nkubectl get pods\n```\n"})
	code, stdout, stderr := execute(t, "", "verify", "page.md", "--dry-run")
	if said := strings.Join(strings.Fields(stdout), " "); code != exitPassed || !strings.Contains(said, "unknown field `nam`") {
		t.Errorf("expected the field, found exit code %d:\n%s%s", code, stdout, stderr)
	}
}

// TestAManifestIsDownloadedWhereThatIsAllowed, and only what is a manifest.
func TestAManifestIsDownloadedWhereThatIsAllowed(t *testing.T) {
	noCluster(t)
	requests := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/pod.yaml", func(w http.ResponseWriter, _ *http.Request) {
		requests++
		fmt.Fprint(w, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n")
	})
	mux.Handle("/moved.yaml", http.RedirectHandler("/pod.yaml", http.StatusFound))
	mux.Handle("/circle.yaml", http.RedirectHandler("/circle.yaml", http.StatusFound))
	mux.HandleFunc("/large.yaml", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("# large\n", 1<<18)) })
	mux.HandleFunc("/page.yaml", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>\x1b[2J</html>") })
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, tc := range map[string]struct{ file, flag, want string }{
		"without the flag": {"pod.yaml", "--allow-download=false", "or --allow-download (not run)"},
		"with it":          {"pod.yaml", "--allow-download", "Dry run: 1 commands"},
		"redirected":       {"moved.yaml", "--allow-download", "Dry run: 1 commands"},
		"without an end":   {"circle.yaml", "--allow-download", "expected at most 10 redirects, found more (not run)"},
		"not there":        {"missing.yaml", "--allow-download", "expected the status 200, found 404 Not Found (not run)"},
		"too large":        {"large.yaml", "--allow-download", "expected at most 1 MiB, found more (not run)"},
		"no manifest":      {"page.yaml", "--allow-download", "Dry run: 0 commands"},
	} {
		inFolder(t, map[string]string{"page.md": "```sh\nkubectl apply -f " + server.URL + "/" + tc.file + "\n```\n"})
		before := requests
		code, stdout, stderr := execute(t, "", "verify", "page.md", "--dry-run", tc.flag)
		if said := strings.Join(strings.Fields(stdout), " "); code != exitPassed || !strings.Contains(said, tc.want) || strings.Contains(stdout, "\x1b") {
			t.Errorf("%s: expected %q, found exit code %d:\n%s%s", name, tc.want, code, stdout, stderr)
		}
		if name == "without the flag" && requests != before {
			t.Error("expected no request without the flag")
		}
	}
	secure, plain := httptest.NewRequest(http.MethodGet, "https://a.example/x.yaml", nil), httptest.NewRequest(http.MethodGet, "http://a.example/x.yaml", nil)
	if err := redirects(plain, []*http.Request{secure}); err == nil || !strings.Contains(err.Error(), "expected https, found a redirect to http://a.example/x.yaml") {
		t.Errorf("expected that a download does not leave TLS, found %v", err)
	}
}

// TestAFolderStandsForAURL: manifests below a URL are files of a folder, and no others, not even through links.
func TestAFolderStandsForAURL(t *testing.T) {
	noCluster(t)
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n"
	for name, tc := range map[string]struct{ file, want string }{
		"a file":             {"pods/a.yaml", "Dry run: 1 commands"},
		"a link within":      {"pods/within.yaml", "Dry run: 1 commands"},
		"a file above":       {"../secret.yaml", "there is no manifest secret.yaml"},
		"a path to it":       {"pods/../../secret.yaml", "there is no manifest secret.yaml"},
		"a link to it":       {"pods/outside.yaml", "there is no manifest outside.yaml"},
		"a link to a folder": {"above/secret.yaml", "there is no manifest secret.yaml"},
		"a folder":           {"pods", "there is no manifest pods"},
	} {
		inFolder(t, map[string]string{"page.md": "```sh\nkubectl apply -f https://k8s.io/examples/" + tc.file + "\n```\n", "secret.yaml": pod})
		if err := os.MkdirAll("site/pods", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("site/pods/a.yaml", []byte(pod), 0o600); err != nil {
			t.Fatal(err)
		}
		for link, target := range map[string]string{"pods/within.yaml": "a.yaml", "pods/outside.yaml": "../../secret.yaml", "above": ".."} {
			if err := os.Symlink(target, filepath.Join("site", link)); err != nil {
				t.Fatal(err)
			}
		}
		code, stdout, stderr := execute(t, "", "verify", "page.md", "--dry-run", "--file", "https://k8s.io/examples/=site")
		if said := strings.Join(strings.Fields(stdout), " "); code != exitPassed || !strings.Contains(said, tc.want) {
			t.Errorf("%s: expected %q, found exit code %d:\n%s%s", name, tc.want, code, stdout, stderr)
		}
	}
	if code, _, stderr := execute(t, "", "verify", "page.md", "--dry-run", "--file", "https://k8s.io/examples/=page.md"); code == exitPassed || !strings.Contains(stderr, "--file https://k8s.io/examples/: expected a folder: ") {
		t.Errorf("expected that a folder is required, found exit code %d: %s", code, stderr)
	}
}

// TestAPageIsUpdatedAsItWasRead: what someone else has written meanwhile stays, and so does a
// link to the page.
func TestAPageIsUpdatedAsItWasRead(t *testing.T) {
	inFolder(t, map[string]string{"page.md": "old"})
	if err := os.Symlink("page.md", "link.md"); err != nil {
		t.Fatal(err)
	}
	if err := replacePage("link.md", "old", "new"); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink("link.md"); err != nil || target != "page.md" {
		t.Errorf("expected that the link stays, found %q, %v", target, err)
	}
	if err := replacePage("page.md", "old", "newer"); err == nil || !strings.Contains(err.Error(), "page.md has changed during the run and is not updated") {
		t.Errorf("expected that the page is not updated, found %v", err)
	}
	if text, err := os.ReadFile("page.md"); err != nil || string(text) != "new" {
		t.Errorf("expected the text that somebody has written, found %q, %v", text, err)
	}
}
