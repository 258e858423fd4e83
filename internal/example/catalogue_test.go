package example

import (
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
)

func TestTheCatalogueLoads(t *testing.T) {
	all, err := LoadAll(examples.FS)
	if err != nil || len(all) == 0 {
		t.Fatalf("found %d examples, %v", len(all), err)
	}
}

// TestNoClaimReadsALogOnlyOnce: what a program has written is in its log a moment later, for
// it is the container runtime that writes it there.
func TestNoClaimReadsALogOnlyOnce(t *testing.T) {
	all, err := LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		for _, sc := range e.Spec.Scenarios {
			for _, st := range sc.Steps {
				if strings.HasPrefix(st.Run, "kubectl logs ") && len(st.Expect) > 0 && st.Within == "" {
					t.Errorf("%s, %s: %s: expected within: 10s", e.Metadata.Name, sc.Name, st.Run)
				}
			}
		}
	}
}
