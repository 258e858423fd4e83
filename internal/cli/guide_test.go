package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheGuideIsRight checks the example of docs/writing-an-example.md, and that
// its mistakes are reported as the guide shows them.
func TestTheGuideIsRight(t *testing.T) {
	noCluster(t)
	text, err := os.ReadFile("../../docs/writing-an-example.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	_, after, _ := strings.Cut(guide, "```yaml\n")
	good, _, _ := strings.Cut(after, "```\n")
	_, after, _ = strings.Cut(guide, "$ kubectl kbe run -f greeting\n")
	want, _, _ := strings.Cut(after, "```\n")
	bad := strings.NewReplacer("say:", "sayy:", "images.shell", "images.shel", "that: stdout", "that: stdot").Replace(good)

	t.Chdir(t.TempDir())
	if err := os.Mkdir("greeting", 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, good, "run", "-f", "-", "--dry-run"); code != exitPassed {
		t.Errorf("found %d, %s", code, stderr)
	}
	if err := os.WriteFile("greeting/example.yaml", []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, "", "run", "-f", "greeting"); code != exitUsage || filepath.ToSlash(stderr) != want {
		t.Errorf("expected\n%s\nfound %d\n%s", want, code, stderr)
	}
}
