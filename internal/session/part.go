package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Part is a part of a run whose objects can be removed alone, to be made again.
type Part struct {
	session *Session
	created ledger
}

// Part begins a part of the run.
func (s *Session) Part() *Part { return &Part{session: s} }

// Wrap is Session.Wrap for what belongs to the part.
func (p *Part) Wrap(cfg *rest.Config) {
	p.session.wrap(cfg, p.session.opts.Confined, &p.session.created, &p.created)
}

// Made reports whether an object is the part's: created by it, or by a controller
// that it created.
func (p *Part) Made(obj metav1.Object) bool {
	return p.created.hasUID(obj.GetUID()) || p.created.has(metav1.GetControllerOf(obj))
}

// Controls reports whether a controller that an Event is about is the part's: created by
// it, or, as the ReplicaSet of a Deployment is, by a controller that it created, whose name
// it then bears.
func (p *Part) Controls(ref corev1.ObjectReference) bool {
	if p.created.hasUID(ref.UID) {
		return true
	}
	return slices.ContainsFunc(p.created.newestFirst(), func(o object) bool {
		return slices.Contains([]string{"deployments", "cronjobs"}, o.resource.Resource) && strings.HasPrefix(ref.Name, o.name+"-")
	})
}

// Remove removes what the part created and waits until it no longer exists, within
// CleanupTimeout. Where listing Pods is not permitted, those of controllers end later.
func (p *Part) Remove(ctx context.Context) error {
	ctx, cancel := wait.WithTimeout(ctx, CleanupTimeout)
	defer cancel()
	r := &remover{client: p.session.client, run: p.session.ID}
	r.remove(ctx, p.session.Namespace, p.session.resolve(ctx, r, &p.created), false)
	if out := r.outcome(); out.Err != nil {
		return fmt.Errorf("remove what was made before: %w", out.Err)
	}
	return nil
}
