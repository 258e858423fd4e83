package cli

import (
	"encoding/json"
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
	if _, names, _ := execute(t, "", "list", "-o", "name"); len(strings.Fields(names)) != len(lines)-1 {
		t.Errorf("expected one name in each line, found %q", names)
	}
	var list ExampleList
	if _, stdout, _ := execute(t, "", "list", "-o", "json"); json.Unmarshal([]byte(stdout), &list) != nil ||
		list.Kind != "ExampleList" || len(list.Items) != len(lines)-1 || list.Items[0].Claims == 0 {
		t.Errorf("found %s", stdout)
	}
	if code, _, stderr := execute(t, "", "list", "-o", "yml"); code != exitUsage || !strings.Contains(stderr, "expected name or json") {
		t.Errorf("found %d, %s", code, stderr)
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
	if _, stdout, _ := execute(t, "", "show", "pods", "--files"); !strings.HasPrefix(stdout, string(file)) || !strings.Contains(stdout, "---\n# pod.yaml\napiVersion") {
		t.Errorf("expected the manifests, too, found %q", stdout)
	}
	if code, _, stderr := execute(t, "", "show", "pod"); code != exitUsage || !strings.Contains(stderr, "did you mean `pods`?") {
		t.Errorf("found %d, %q", code, stderr)
	}
}
