package cli

import (
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
	if said := strings.Join(strings.Fields(stdout), " "); code != exitPassed || !strings.Contains(said, "unknown field `nam`; did you mean `name`?") {
		t.Errorf("expected the field, found exit code %d:\n%s%s", code, stdout, stderr)
	}
}
