package engine

import (
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
)

func TestAPlanHasWhatAPolicyAddsAndKeepsTheExpressions(t *testing.T) {
	command, err := example.ParseCommand(`kubectl run a --image=$(images.shell) -- sleep "$(run.id) 1" ""`)
	if err != nil {
		t.Fatal(err)
	}
	value := func(expr string) (string, error) { return "<" + expr + ">", nil }
	for want, patch := range map[string]podpatch.Patch{
		`kubectl run a '--image=<images.shell>' -- sleep '<run.id> 1' ''`:                                                                                      {},
		`kubectl run a '--image=<images.shell>' --override-type=strategic '--overrides={"spec":{"imagePullSecrets":[{"name":"s"}]}}' -- sleep '<run.id> 1' ''`: {PullSecret: "s"},
	} {
		words, err := patched(command, patch).Expand(value)
		if got := example.Quote(words); err != nil || got != want {
			t.Errorf("expected %s, found %s, %v", want, got, err)
		}
	}
}
