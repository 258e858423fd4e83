package engine

import (
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
)

func TestAPlannedStepHasWhatAPolicyAddsAndKeepsTheExpressions(t *testing.T) {
	command, err := example.ParseCommand(`kubectl run a --image=$(images.shell) -- sleep "$(run.id) 1" ""`)
	if err != nil {
		t.Fatal(err)
	}
	for want, patch := range map[string]podpatch.Patch{
		`kubectl run a '--image=<images.shell>' -- sleep '<run.id> 1' ''`:                                                                                      {},
		`kubectl run a '--image=<images.shell>' --override-type=strategic '--overrides={"spec":{"imagePullSecrets":[{"name":"s"}]}}' -- sleep '<run.id> 1' ''`: {PullSecret: "s"},
	} {
		var words []string
		for _, w := range patched(command, patch) {
			word := ""
			for _, p := range w {
				if word += p.Text; p.Expression != "" {
					word += "<" + p.Expression + ">"
				}
			}
			words = append(words, word)
		}
		if got := example.Quote(words); got != want {
			t.Errorf("expected %s, found %s", want, got)
		}
	}
}
