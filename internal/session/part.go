package session

import (
	"context"
	"fmt"

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
func (p *Part) Wrap(cfg *rest.Config) { p.session.wrap(cfg, false, &p.session.created, &p.created) }

// Confine is Session.Confine for what belongs to the part.
func (p *Part) Confine(cfg *rest.Config) { p.session.wrap(cfg, true, &p.session.created, &p.created) }

// Made tells whether an object is the part's: created by it, or by a controller
// that it created.
func (p *Part) Made(obj metav1.Object) bool {
	return p.created.hasUID(obj.GetUID()) || p.created.has(metav1.GetControllerOf(obj))
}

// Remove removes what the part created and waits until it is gone, within
// CleanupTimeout.
func (p *Part) Remove(ctx context.Context) error {
	ctx, cancel := wait.WithTimeout(ctx, CleanupTimeout)
	defer cancel()
	r := &remover{client: p.session.client}
	objects := p.session.resolve(ctx, r, &p.created)
	r.remove(ctx, objects, func() (made []object) {
		found, err := p.session.client.Resource(pods).Namespace(p.session.Namespace).List(ctx, metav1.ListOptions{LabelSelector: p.session.selector()})
		if err != nil { // where it is not permitted, controllers' Pods go by themselves
			return nil
		}
		for i := range found.Items {
			if o := &found.Items[i]; p.Made(o) {
				made = append(made, object{pods, o.GetNamespace(), o.GetName(), o.GetUID()})
			}
		}
		return made
	})
	if out := r.outcome(); out.Err != nil {
		return fmt.Errorf("remove what was made before: %w", out.Err)
	}
	return nil
}
