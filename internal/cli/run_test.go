package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// noCluster writes a kubeconfig whose API server fails the test when it gets a request.
func noCluster(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the cluster was asked: %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(server.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c,
clusters: [{name: c, cluster: {server: "%s"}}], contexts: [{name: c, context: {cluster: c}}]}`, server.URL)
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
}

// execute runs the command line.
func execute(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = Execute(t.Context(), genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &out, ErrOut: &errOut}, args)
	return code, out.String(), errOut.String()
}

// TestRunRefusesMalformedFiles runs each file of testdata/malformed, whose error
// text is the .txt beside it.
func TestRunRefusesMalformedFiles(t *testing.T) {
	noCluster(t)
	t.Chdir("testdata/malformed")
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			code, stdout, stderr := execute(t, "", "run", "-f", file)
			if code != exitUsage || stdout != "" {
				t.Errorf("expected exit code %d and no output, found %d and %q", exitUsage, code, stdout)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(stderr), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if stderr != string(want) {
				t.Errorf("expected\n%s\nfound\n%s", want, stderr)
			}
		})
	}
}

// starterText is an example that is right.
func starterText(t *testing.T) string {
	t.Helper()
	text, err := starter.ReadFile("starter/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "NAME", "mine")
}

func TestRunRefusesWhatIsNoExample(t *testing.T) {
	noCluster(t)
	dir := t.TempDir()
	t.Chdir(dir)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		must(os.MkdirAll(filepath.Dir(name), 0o755))
		must(os.WriteFile(name, []byte(text), 0o600))
	}
	write("secret.yaml", starterText(t))
	write("big/example.yaml", strings.Repeat("# a comment\n", 10<<20/12))
	write("bare/notes.txt", "")
	must(os.MkdirAll("linked", 0o755))
	must(os.Symlink("../secret.yaml", "linked/example.yaml"))
	write("linked-manifest/example.yaml", starterText(t))
	must(os.Symlink("../secret.yaml", "linked-manifest/pod.yaml"))
	must(os.MkdirAll("folder/example.yaml", 0o755))
	write("folder-manifest/example.yaml", starterText(t))
	must(os.MkdirAll("folder-manifest/pod.yaml", 0o755))
	write("big-manifest/example.yaml", starterText(t))
	write("big-manifest/pod.yaml", strings.Repeat("# a comment\n", 10<<20/12))

	steps, _, _ := strings.Cut(starterText(t), "steps:")
	write("endless/example.yaml", steps+"steps:"+strings.Repeat("\n    - run: kubectl create quota q", 1<<20/40))

	_, err := os.Stat("nowhere")
	missing := errors.Unwrap(err).Error() // as the system says it
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"20 000 steps":                {[]string{"run", "-f", "endless"}, "expected at most 500 steps in all, found 26214"},
		"no file":                     {[]string{"run"}, "name its folder or file with -f"},
		"a file that is not there":    {[]string{"run", "-f", "nowhere"}, "nowhere: " + missing},
		"a folder without example":    {[]string{"run", "-f", "bare"}, "bare/example.yaml: cannot be read: " + missing},
		"10 MB":                       {[]string{"run", "-f", "big"}, "big/example.yaml: expected at most 1 MiB, found more"},
		"10 MB as a file":             {[]string{"run", "-f", "big/example.yaml"}, "big/example.yaml: expected at most 1 MiB, found more"},
		"a manifest of 10 MB":         {[]string{"run", "-f", "big-manifest"}, "big-manifest/pod.yaml: expected at most 1 MiB, found more"},
		"a link that leaves":          {[]string{"run", "-f", "linked"}, "linked/example.yaml: cannot be read: path escapes from parent"},
		"a manifest link that leaves": {[]string{"run", "-f", "linked-manifest"}, "linked-manifest/pod.yaml: cannot be read: path escapes from parent"},
		"a folder as file":            {[]string{"run", "-f", "folder"}, "folder/example.yaml: cannot be read: expected a file, found a folder"},
		"a folder as manifest":        {[]string{"run", "-f", "folder-manifest"}, "folder-manifest/pod.yaml: cannot be read: expected a file, found a folder"},
		"a manifest from stdin":       {[]string{"run", "-f", "-"}, "stdin:60:30: run: the manifest `pod.yaml` has no folder: pass"},
		"stdin twice":                 {[]string{"run", "-f", "-", "--step"}, "both read standard input"},
		"an unknown scenario":         {[]string{"run", "-f", "good", "from-a-fil"}, "from-a-fil"},
		"an unknown image":            {[]string{"run", "-f", "good", "--image", "shel=x"}, "shel"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat("good"); err != nil {
				must(writeStarter("good"))
			}
			code, stdout, stderr := execute(t, starterText(t), tc.args...)
			if code != exitUsage || stdout != "" || !strings.Contains(filepath.ToSlash(stderr), tc.want) {
				t.Errorf("expected exit code %d and %q, found %d, %q and %q", exitUsage, tc.want, code, stderr, stdout)
			}
		})
	}
}

func TestRunTakesAFolderAFileOrStdin(t *testing.T) {
	noCluster(t)
	t.Chdir(t.TempDir())
	if code, stdout, stderr := execute(t, "", "new", "mine"); code != exitPassed || !strings.Contains(stdout, "kubectl kbe run -f mine") {
		t.Fatalf("found %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr := execute(t, "", "new", "mine"); code != exitUsage || !strings.Contains(stderr, "mine exists") {
		t.Errorf("expected that nothing is overwritten, found %d, %q", code, stderr)
	}
	if code, _, stderr := execute(t, "", "new", "../mine"); code != exitUsage || !strings.Contains(stderr, "lower-case letters") {
		t.Errorf("found %d, %q", code, stderr)
	}
	withoutManifest := strings.Replace(starterText(t), "kubectl create -f pod.yaml", "kubectl run filed --image=x", 1)
	for _, file := range []string{"mine", "mine/example.yaml", "-"} {
		code, stdout, stderr := execute(t, withoutManifest, "run", "-f", file, "--dry-run")
		if code != exitPassed || !strings.Contains(stdout, "A pod from a command") {
			t.Errorf("%s: found %d, %q, %q", file, code, stdout, stderr)
		}
	}
}
