package cli

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
)

func TestList(t *testing.T) {
	noCluster(t)
	code, stdout, _ := execute(t, "", "list")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exitPassed || !strings.HasPrefix(lines[0], "NAME ") || !strings.Contains(stdout, "\npods ") {
		t.Errorf("found %d, %s", code, stdout)
	}
	for _, line := range lines {
		if len(line) > 80 {
			t.Errorf("expected at most 80 columns, found %q", line)
		}
	}
}

func TestShowPrintsTheFileAsItIs(t *testing.T) {
	noCluster(t)
	file, err := fs.ReadFile(examples.FS, "pods/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := execute(t, "", "show", "pods"); code != exitPassed || stdout != string(file) {
		t.Errorf("found %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr := execute(t, "", "show", "pod"); code != exitUsage || !strings.Contains(stderr, "did you mean `pods`?") {
		t.Errorf("found %d, %q", code, stderr)
	}
}
