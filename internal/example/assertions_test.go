package example

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

const asserted = `made:
  level: core
  requirement: >-
    A pod that is created MUST
    exist.
  source: https://kubernetes.io/docs/
`

func loadAssertions(t *testing.T, exampleYAML, assertionsYAML string) ([]v1alpha1.Assertion, error) {
	t.Helper()
	fsys := fstest.MapFS{
		"demo/example.yaml":    {Data: []byte(exampleYAML)},
		"demo/pod.yaml":        {Data: []byte(pod)},
		"demo/assertions.yaml": {Data: []byte(assertionsYAML)},
	}
	e, err := Load(fsys, "demo")
	if err != nil {
		t.Fatal(err)
	}
	return LoadAssertions(fsys, "demo", e)
}

// withID is the valid example, whose claim has an ID.
var withID = strings.Replace(valid, "- claim: It is made", "- id: made\n        claim: It is made", 1)

func TestLoadAssertions(t *testing.T) {
	found, err := loadAssertions(t, withID, asserted)
	want := v1alpha1.Assertion{ID: "made", Level: "core", Requirement: "A pod that is created MUST exist.", Source: "https://kubernetes.io/docs/"}
	if err != nil || len(found) != 1 || found[0] != want {
		t.Errorf("expected %+v, found %+v, %v", want, found, err)
	}
}

func TestLoadAssertionsNamesTheLineOfEachProblem(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"a claim without an ID":            {"- id: made\n        claim", "- claim", "demo/example.yaml:16:9: expected the field `id`, found none: each claim of the example demo is an assertion"},
		"a claim without an assertion":     {"- id: made\n", "- id: mode\n", "demo/example.yaml:16:13: id: expected an assertion `mode` in the assertions.yaml, found none"},
		"an assertion without a claim":     {"- id: made\n", "- id: mode\n", "demo/assertions.yaml:1:1: expected the ID of a claim in the example.yaml, found `made`"},
		"an assertion that is here twice":  {asserted, asserted + asserted, "demo/assertions.yaml:7:1: the field `made` is defined twice, first in line 1"},
		"an unknown field":                 {"level: core", "leve: core", "demo/assertions.yaml:2:3: unknown field `leve`; did you mean `level`?"},
		"an ID besides the key":            {"level: core", "id: made\n  level: core", "demo/assertions.yaml:2:3: unknown field `id`; expected one of requirement, source, level"},
		"an assertion without a source":    {"  source: https://kubernetes.io/docs/\n", "", "demo/assertions.yaml:2:3: made: expected the field `source`, found none"},
		"a source that is no address":      {"https://", "see ", "demo/assertions.yaml:6:11: source: expected the address of a page, such as https://kubernetes.io/docs/…, found `see kubernetes.io/docs/`"},
		"an assertion of no level":         {"core", "some", "demo/assertions.yaml:2:10: level: expected core or extended, found `some`"},
		"an assertion that binds nothing":  {"MUST", "must", "demo/assertions.yaml:3:16: requirement: expected a key word of RFC 2119 (MUST, SHOULD, MAY), found `A pod that is created must exist.`"},
		"an assertion of more than a line": {">-", "|-", "demo/assertions.yaml:3:16: requirement: expected one line, found 2"},
		"an assertion that is a text":      {asserted, "made: It MUST be.\n", "demo/assertions.yaml:1:7: made: expected the fields requirement, source, level, found the text `It MUST be.`"},
		"a list of assertions":             {asserted, "- made\n", "demo/assertions.yaml:1:1: the file: expected names, each with a value, found a list"},
		"a file that is no text":           {asserted, "\x00", "demo/assertions.yaml:1:1: expected text, found the control character U+0000"},
	} {
		exampleYAML, assertionsYAML := strings.Replace(withID, tc.old, tc.new, 1), strings.Replace(asserted, tc.old, tc.new, 1)
		if exampleYAML == withID && assertionsYAML == asserted {
			t.Fatalf("%s: the test changes nothing", name)
		}
		if _, err := loadAssertions(t, exampleYAML, assertionsYAML); err == nil || !strings.Contains(filepath.ToSlash(err.Error()), tc.want) {
			t.Errorf("%s: expected an error with %q, found %v", name, tc.want, err)
		}
	}
}

func TestAnExampleWithoutAnAssertionsFileHasNone(t *testing.T) {
	e, err := loadText(withID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAssertions(fstest.MapFS{}, "demo", e); err == nil || filepath.ToSlash(err.Error()) != "demo/assertions.yaml: cannot be read: file does not exist" {
		t.Errorf("expected that the file is missing, found %v", err)
	}
}

// TestTheAssertionsOfTheCatalogueAreThoseOfItsClaims holds the order, too: reports have
// that of the claims, and so has the file, for whoever reads the two in parallel. That the
// profiles have one, package conformance tests.
func TestTheAssertionsOfTheCatalogueAreThoseOfItsClaims(t *testing.T) {
	all, err := LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		name := e.Metadata.Name
		text, err := examples.FS.ReadFile(name + "/" + assertionsFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is no profile of the suite
		}
		found, err := LoadAssertions(examples.FS, name, e)
		if err != nil || len(found) != e.Claims() {
			t.Errorf("%s: expected %d assertions, found %d, %v", name, e.Claims(), len(found), err)
		}
		for last := -1; len(found) > 0; found = found[1:] {
			at := strings.Index(string(text), "\n"+found[0].ID+":\n")
			if at <= last {
				t.Errorf("%s: expected %s after the assertion of the claim before it", name, found[0].ID)
			}
			last = at
		}
	}
}
