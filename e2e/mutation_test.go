package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// mutation breaks what an example runs, so that one of its claims fails. Those
// of an example are in its folder, in testdata/mutations.yaml.
type mutation struct {
	// Claim is the one that must fail, and no other.
	Claim string
	// By says in words what breaks it.
	By    string
	Edits []struct {
		File, Old, New string
	}
	// Files are written beside the example.yaml.
	Files map[string]string
}

// TestEachClaimCanFail breaks each claim of the catalogue one after the other, and sees this
// claim fail and no other: a claim that cannot fail proves nothing.
func TestEachClaimCanFail(t *testing.T) {
	exhaustive(t)
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue {
		mutations := mutationsOf(t, e)
		for _, c := range claimsOf(e) {
			var of []mutation
			for _, m := range mutations {
				if m.Claim == c.Claim {
					of = append(of, m)
				}
			}
			if len(of) != 1 {
				t.Errorf("claim %q of the example %s: expected one mutation, found %d", c.Claim, e.Metadata.Name, len(of))
				continue
			}
			t.Run(c.Claim, func(t *testing.T) {
				t.Parallel()
				assertFailsAlone(t, e, c, of[0])
			})
		}
	}
}

// mutationsOf reads the mutations of an example, which name none but its claims.
func mutationsOf(t *testing.T, e *example.Example) []mutation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "examples", e.Metadata.Name, "testdata", "mutations.yaml"))
	if err != nil {
		t.Fatalf("each claim of an example needs a mutation: %v", err)
	}
	var mutations []mutation
	if err := yaml.UnmarshalStrict(text, &mutations); err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		if !slices.ContainsFunc(claimsOf(e), func(c claimOf) bool { return c.Claim == m.Claim }) {
			t.Errorf("mutation by %s: the example %s has no claim %q", m.By, e.Metadata.Name, m.Claim)
		}
	}
	return mutations
}

// claimOf is a claim, what decides it, and the scenario that it is part of.
type claimOf struct{ Scenario, Claim, That string }

func claimsOf(e *example.Example) []claimOf {
	var claims []claimOf
	for _, sc := range e.Spec.Scenarios {
		for _, st := range sc.Steps {
			for _, x := range st.Expect {
				claims = append(claims, claimOf{sc.Name, x.Claim, x.That})
			}
		}
	}
	return claims
}

// assertFailsAlone runs the claim's scenario, broken by the mutation.
func assertFailsAlone(t *testing.T, e *example.Example, c claimOf, m mutation) {
	t.Helper()
	broken, err := example.Load(m.apply(t, e.Metadata.Name), e.Metadata.Name)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(claimsOf(broken), claimsOf(e)) {
		t.Fatal("the mutation changes a claim; expected that it breaks what the claim is about")
	}
	plan, err := engine.Compile(broken)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err = plan.Select(c.Scenario); err != nil {
		t.Fatal(err)
	}
	var story bytes.Buffer
	collector := report.NewStory(report.NewTerminal(&story, nil, 80, false))
	verdict := engine.Run(t.Context(), clientsOf(kube), plan, engine.Options{FailFast: true}, unobserved, collector.Handle)
	var found []string
	for _, sc := range collector.Report().Scenarios {
		for _, st := range sc.Steps {
			for _, claim := range st.Claims {
				if claim.Outcome != v1alpha1.Met {
					found = append(found, fmt.Sprintf("%s: %s", claim.Outcome, claim.Claim))
				}
			}
		}
	}
	if verdict != v1alpha1.ClaimFailed || !slices.Equal(found, []string{fmt.Sprintf("%s: %s", v1alpha1.Failed, c.Claim)}) {
		t.Errorf("broken by %s: expected that this claim fails alone, found the verdict %s and\n  %s\n%s",
			m.By, verdict, strings.Join(found, "\n  "), story.String())
	}
}

// apply returns the catalogue with the mutation in the folder of an example.
func (m mutation) apply(t *testing.T, folder string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(examples.FS, folder+"/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(examples.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	for name, text := range m.Files {
		files[path.Join(folder, name)] = &fstest.MapFile{Data: []byte(text)}
	}
	for _, edit := range m.Edits {
		name := path.Join(folder, edit.File)
		if edit.File == "" {
			name = path.Join(folder, example.FileName)
		}
		if err := replaceOnce(files[name], edit.Old, edit.New); err != nil {
			t.Fatalf("broken by %s: %s: %v", m.By, name, err)
		}
	}
	return files
}

func replaceOnce(file *fstest.MapFile, before, after string) error {
	if file == nil {
		return fs.ErrNotExist
	}
	if n := bytes.Count(file.Data, []byte(before)); n != 1 {
		return fmt.Errorf("expected the text once, found it %d times:\n%s", n, before)
	}
	file.Data = bytes.Replace(file.Data, []byte(before), []byte(after), 1)
	return nil
}
