package engine

import (
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
)

func TestWhatAdmissionRequiresIsAFileBesideTheCommand(t *testing.T) {
	p := &Plan{Example: &example.Example{}}
	for _, c := range []struct {
		command string
		patch   podpatch.Patch
		line    string
	}{
		{"kubectl run a --image=b -- sleep 1", podpatch.Patch{PullSecret: "s"},
			`kubectl run a --image=b --override-type=json --overrides "$(cat overrides.json)" -- sleep 1`},
		{"kubectl run --image=b a", podpatch.Patch{Hardened: true},
			`kubectl run --image=b a --override-type=json --overrides "$(cat overrides.json)"`},
		{"kubectl run a --image=b", podpatch.Patch{}, "kubectl run a --image=b"},
		{"kubectl get pods", podpatch.Patch{Hardened: true}, "kubectl get pods"},
		{"kubectl create -f run", podpatch.Patch{Hardened: true}, "kubectl create -f run"},
	} {
		inv, err := p.invocation(nil, strings.Fields(c.command), c.patch)
		if err != nil || inv.line != c.line {
			t.Errorf("%s: expected %s, found %s, %v", c.command, c.line, inv.line, err)
		}
		if again, err := example.ParseCommand(inv.line); err != nil || len(again) != len(inv.words) {
			t.Errorf("expected a line that is read back as %q, found %s, %v", inv.words, inv.line, err)
		}
	}
}
