package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// CleanupTimeout is the budget of Close. A Namespace takes 5 to 6 seconds to go:
// its controller waits for 5 of them before it begins.
const CleanupTimeout = 60 * time.Second

// Cleanup is the outcome of Close. Its error is Err; its RemoveCommand, where there is one,
// removes the leftovers by hand, or shows what holds their removal.
type Cleanup struct {
	v1alpha1.Cleanup
	Err error
}

type abandonKey struct{}

// WithAbandon returns a context whose Close gives up, and leaves what is left,
// when abandon ends: by a second Ctrl-C.
func WithAbandon(ctx, abandon context.Context) context.Context {
	return context.WithValue(ctx, abandonKey{}, abandon)
}

// errAbandoned is why a cleanup that was given up is not complete.
var errAbandoned = errors.New("the cleanup was interrupted")

// cleanupContext is what a cleanup lives for: an interrupt does not end it, a
// second one does (see WithAbandon), and so does the end of its budget.
func cleanupContext(ctx context.Context) (context.Context, context.CancelFunc) {
	abandon, ok := ctx.Value(abandonKey{}).(context.Context)
	if !ok {
		abandon = context.Background()
	}
	ctx, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, cancel := wait.WithTimeout(ctx, CleanupTimeout)
	stop := context.AfterFunc(abandon, func() { giveUp(errAbandoned) })
	return ctx, func() { stop(); cancel(); giveUp(nil) }
}

// Close removes what the run created and waits until it no longer exists, within
// CleanupTimeout, even if ctx has ended. Nothing can be created any more.
func (s *Session) Close(ctx context.Context) Cleanup {
	ctx, cancel := cleanupContext(ctx)
	defer cancel()
	s.endCreates(ctx)
	r := &remover{client: s.client, run: s.ID, onStuck: s.opts.OnStuckDeletion}
	objects := s.resolve(ctx, r, &s.created) // may find that the Namespace is the run's own
	out := r.removeAll(ctx, s.Namespace, s.Owned, objects)
	if out.Err != nil && out.RemoveCommand == "" {
		out.RemoveCommand = s.RemoveCommand()
	}
	out.Err = errors.Join(out.Err, s.local.close(out.Err == nil))
	return out
}

// Leave ends the run and leaves its resources.
func (s *Session) Leave(ctx context.Context) error {
	s.endCreates(ctx)
	return s.local.close(true)
}

// endCreates lets no create begin any more, and waits for those that have begun as long
// as ctx stands.
func (s *Session) endCreates(ctx context.Context) {
	s.ended.Store(true)
	none := make(chan struct{})
	go func() {
		defer close(none)
		s.creating.Lock()
		s.creating.Unlock() //nolint:staticcheck // it was locked to wait
	}()
	select {
	case <-ctx.Done():
	case <-none:
	}
}

// runSelector is the label selector of a run's objects.
func runSelector(run string) string { return RunLabel + "=" + run }

// resolve lists what the run created: everything of which the API server has
// said so, and what turns out to be there after a create of unknown outcome.
func (s *Session) resolve(ctx context.Context, r *remover, created *ledger) []object {
	var out []object
	for _, o := range created.newestFirst() {
		if o.uid == "" {
			obj, err := r.client.Resource(o.resource).Namespace(o.namespace).Get(ctx, o.name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err) || err == nil && !s.isMarked(obj):
				continue
			case err != nil:
				r.left(o, fmt.Errorf("its creation was not confirmed: %w", err))
				continue
			}
			o.uid = obj.GetUID()
		}
		if !s.Owned && o.resource == namespaces && o.name == s.Namespace {
			s.Owned = true // the answer to its creation had been lost
		}
		out = append(out, o)
	}
	return out
}

// RemoveCommand is the kubectl command that removes what the run created.
func (s *Session) RemoveCommand() string {
	if s.Owned {
		return "kubectl delete namespace " + s.Namespace
	}
	resources := []string{"pods"}
	for _, o := range s.created.newestFirst() {
		if r := o.resource.GroupResource().String(); !slices.Contains(resources, r) {
			resources = append(resources, r)
		}
	}
	return fmt.Sprintf("kubectl delete %s -n %s -l %s", strings.Join(resources, ","), s.Namespace, runSelector(s.ID))
}
