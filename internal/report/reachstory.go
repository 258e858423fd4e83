package report

import (
	"fmt"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// ReachBegan tells where a run of `kubectl kbe reach` works.
func (t *Terminal) ReachBegan(r *v1alpha1.Reach) {
	t.mu.Lock()
	defer t.mu.Unlock()
	where := "Kubernetes " + r.Run.ServerVersion
	if r.Run.Context != "" {
		where = r.Run.Context + ", " + where
	}
	t.heading(reachTitle(r), where)
	t.line("")
	whose := "only what the run makes is removed from it"
	if r.Run.OwnNamespace {
		whose = "made for this run"
	}
	t.wrapped(fmt.Sprintf("Namespace %s: %s.", r.Run.Namespace, whose))
}

// Doing shows what goes on, where a line may be overwritten.
func (t *Terminal) Doing(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLive()
	t.showLive("  " + text)
}

// ReachFound tells what a run has found.
func (t *Terminal) ReachFound(r *v1alpha1.Reach) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLive()
	if r.Hardened {
		t.wrapped("It enforces the Pod Security Standard restricted, and the pods meet it.")
	}
	if r.Counts != nil {
		t.vantages(r)
	}
	if r.Matrix != nil {
		t.matrix(r.Matrix)
	}
	if r.Interrupted != "" {
		t.interrupted(engine.Interrupted{Signal: r.Interrupted, RemoveCommand: r.Cleanup.RemoveCommand})
	}
}

// ReachEnded tells what is left, and the verdict.
func (t *Terminal) ReachEnded(r *v1alpha1.Reach) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLive()
	if c := r.Cleanup; c != nil {
		t.cleanup(r.Run, *c)
	}
	if r.Matrix == nil && r.Counts == nil {
		return // nothing was found: an error of the command, not a story
	}
	t.verdict(r.Verdict == v1alpha1.Passed, reachSum(r)+".", fmt.Sprintf("Verdict after %s, %s in all.", millis(r.VerdictMilliseconds), millis(r.ElapsedMilliseconds)))
}
