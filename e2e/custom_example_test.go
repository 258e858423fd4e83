package e2e

import (
	"os"
	"strings"
	"testing"
)

func TestANewExamplePassesAsItIs(t *testing.T) {
	dir := t.TempDir()
	write := plugin(t, "new", "mine")
	write.Dir = dir
	if _, stderr, code := outcome(t, write); code != 0 {
		t.Fatalf("expected exit code 0, found %d: %s", code, stderr)
	}
	run := plugin(t, "run", "-f", "mine")
	run.Dir = dir
	stdout, stderr, code := outcome(t, run)
	if code != 0 || !strings.Contains(stdout, "4 of 4 claims hold") {
		t.Errorf("expected 4 claims that hold, found exit code %d:\n%s%s", code, stdout, stderr)
	}
	assertNoNamespace(t, namespaceOf(t, stdout))
}

func TestTheGuidesExamplePasses(t *testing.T) {
	exhaustive(t)
	guide, err := os.ReadFile("../docs/writing-an-example.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(guide), "```yaml\n")
	text, _, _ := strings.Cut(after, "```\n")
	run := plugin(t, "run", "-f", "-")
	run.Stdin = strings.NewReader(text)
	stdout, stderr, code := outcome(t, run)
	if code != 0 || !strings.Contains(stdout, "1 of 1 claims hold") {
		t.Errorf("expected a claim that holds, found exit code %d:\n%s%s", code, stdout, stderr)
	}
}
