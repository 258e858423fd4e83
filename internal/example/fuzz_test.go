package example

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
)

// FuzzLoad: whatever a file holds, loading it ends with an example, or with
// problems that name places in the file. The seeds are the catalogue and the
// malformed files of the command line's tests.
func FuzzLoad(f *testing.F) {
	seeds, err := filepath.Glob("../cli/testdata/malformed/*.y*ml")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("found no seeds, %v", err)
	}
	for _, seed := range seeds {
		text, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, []byte(pod))
	}
	addCatalogue(f)
	f.Fuzz(func(t *testing.T, text, manifest []byte) {
		fsys := fstest.MapFS{"demo/example.yaml": {Data: text}, "demo/pod.yaml": {Data: manifest}}
		e, err := Load(fsys, "demo")
		if err == nil {
			complete(t, e)
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("expected problems, found %T: %v", err, err)
		}
		for _, p := range problems {
			inFile(t, fsys, p)
		}
	})
}

const pod = "apiVersion: v1\nkind: Pod\n"

func addCatalogue(f *testing.F) {
	catalogue, err := LoadAll(examples.FS)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range catalogue {
		text, err := fs.ReadFile(examples.FS, e.Metadata.Name+"/"+FileName)
		if err != nil {
			f.Fatal(err)
		}
		for _, manifest := range e.Files {
			f.Add(text, manifest)
		}
	}
}

// complete checks what those who run an example rely on.
func complete(t *testing.T, e *Example) {
	if e.Metadata.Name == "" || len(e.Spec.Scenarios) == 0 {
		t.Errorf("an example without a name or a scenario was loaded: %+v", e)
	}
	for _, sc := range e.Spec.Scenarios {
		for _, st := range sc.Steps {
			cmd, err := ParseCommand(st.Run)
			if err != nil || len(cmd) < 2 {
				t.Errorf("%q was loaded: %v", st.Run, err)
			}
			for _, file := range cmd.Files() {
				if e.Files[file] == nil {
					t.Errorf("%q was loaded without the manifest", st.Run)
				}
			}
		}
	}
}

// inFile checks that a problem has a text, and a place that its file has.
func inFile(t *testing.T, fsys fs.FS, p Problem) {
	text, err := fs.ReadFile(fsys, filepath.ToSlash(p.File))
	if err != nil {
		t.Fatalf("%v: %v", p, err)
	}
	if p.Line == 0 && len(text) <= MaxFileSize {
		t.Fatalf("%v: expected a line", p)
	}
	lines := strings.Split(string(text), "\n")
	if p.Line > len(lines) || p.Column < 1 || p.Column > len([]rune(lines[p.Line-1]))+1 {
		t.Fatalf("%v: the file has no such place", p)
	}
	if p.Text == "" || strings.ContainsAny(p.Text, "\x00\x1b\n") {
		t.Fatalf("expected a line of plain text, found %q", p.Text)
	}
}
