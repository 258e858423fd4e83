package cli

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEachPromiseHasItsTest: SECURITY.md promises nothing that no test holds.
func TestEachPromiseHasItsTest(t *testing.T) {
	root := os.DirFS("../..")
	text, err := fs.ReadFile(root, "SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t `)
	err = fs.WalkDir(root, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, path)
		for _, m := range function.FindAllStringSubmatch(string(source), -1) {
			declared[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| guarantee") {
			continue
		}
		rows++
		cells := strings.Split(line, "|")
		names := regexp.MustCompile(`Test\w+`).FindAllString(cells[len(cells)-2], -1)
		if len(names) == 0 {
			t.Errorf("expected the name of a test, found none: %s", line)
		}
		for _, name := range names {
			if !declared[name] {
				t.Errorf("%s: found no such test: %s", name, line)
			}
		}
	}
	if rows < 20 {
		t.Errorf("expected the promises of SECURITY.md, found %d", rows)
	}
}
