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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/wait"
)

// CleanupTimeout is the budget of Close. A Namespace takes 2 to 6 seconds to go.
const CleanupTimeout = 60 * time.Second

// podGraceSeconds is what a Pod of a run gets to end: nothing in it needs more,
// and `sleep`, as PID 1, would ignore SIGTERM for the default of 30 seconds.
const podGraceSeconds = 1

// Cleanup is the outcome of Close.
type Cleanup struct {
	// Leftovers are what is still there, as TYPE/NAME.
	Leftovers []string
	// Unconfirmed are Pods, as NAME on NODE, whose end no kubelet has confirmed:
	// only their objects were removed.
	Unconfirmed []string
	// Command removes the leftovers by hand.
	Command string
	Err     error
}

// Close removes what the run created and waits until it is gone, within
// CleanupTimeout. Call it with a context that an interrupt does not end.
func (s *Session) Close(ctx context.Context) Cleanup {
	ctx, cancel := wait.WithTimeout(ctx, CleanupTimeout)
	defer cancel()
	var out Cleanup
	var errs []error
	left := func(o object, err error) {
		out.Leftovers = append(out.Leftovers, o.String())
		errs = append(errs, fmt.Errorf("remove %s: %w", o, err))
	}
	if s.Owned {
		if err := s.endPods(ctx); err != nil {
			errs = append(errs, fmt.Errorf("end the pods of namespace %q: %w", s.Namespace, err))
		}
	}
	var going []object
	for _, o := range s.removable() {
		if err := s.delete(ctx, o); err != nil {
			left(o, err)
			continue
		}
		going = append(going, o)
	}
	going = s.awaitConfirmed(ctx, going)
	if len(going) > 0 {
		var err error
		if out.Unconfirmed, err = s.forcePods(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	for _, o := range going {
		if err := s.awaitGone(ctx, o); err != nil {
			left(o, err)
		}
	}
	if out.Err = errors.Join(errs...); out.Err != nil {
		out.Command = s.RemoveCommand()
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
	return fmt.Sprintf("kubectl delete %s -n %s -l %s=%s", strings.Join(resources, ","), s.Namespace, RunLabel, s.ID)
}

// removable lists what Close deletes: in a Namespace of the run's own that is
// the Namespace, with all that is in it.
func (s *Session) removable() []object {
	created := s.created.newestFirst()
	if !s.Owned {
		return created
	}
	for _, o := range created {
		if o.resource == namespaces && o.name == s.Namespace {
			return []object{o}
		}
	}
	// The answer to its creation was lost.
	return []object{{resource: namespaces, name: s.Namespace}}
}

// endPods ends all Pods of the run's own Namespace, also those that controllers
// made: the deletion of a Namespace alone waits for each Pod's grace period.
// The controllers go first, for they would make new ones.
func (s *Session) endPods(ctx context.Context) error {
	for _, o := range s.created.newestFirst() {
		if o.resource == pods || o.namespace == "" {
			continue
		}
		if err := s.delete(ctx, o); err != nil && !apierrors.IsForbidden(err) {
			return fmt.Errorf("%s: %w", o, err)
		}
	}
	err := s.client.Resource(pods).Namespace(s.Namespace).DeleteCollection(ctx,
		metav1.DeleteOptions{GracePeriodSeconds: ptr.To(int64(podGraceSeconds))}, metav1.ListOptions{})
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return nil // then it takes longer
	}
	return err
}

func (s *Session) delete(ctx context.Context, o object) error {
	opts := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)}
	if o.uid != "" {
		// Somebody may have put another object of the same name in its place.
		opts.Preconditions = &metav1.Preconditions{UID: &o.uid}
	}
	if o.resource == pods {
		opts.GracePeriodSeconds = ptr.To(int64(podGraceSeconds))
	}
	err := s.client.Resource(o.resource).Namespace(o.namespace).Delete(ctx, o.name, opts)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

func (s *Session) awaitGone(ctx context.Context, o object) error {
	var last *unstructured.Unstructured
	err := wait.For(ctx, s.client.Resource(o.resource).Namespace(o.namespace), o.name,
		func(obj *unstructured.Unstructured) (bool, error) {
			last = obj
			return obj == nil || (o.uid != "" && obj.GetUID() != o.uid), nil
		})
	if apierrors.IsForbidden(err) {
		return nil // its deletion was accepted; watching it is not permitted
	}
	if err != nil && last != nil {
		return fmt.Errorf("%w%s", err, remaining(last))
	}
	return err
}

// remaining quotes what a Namespace that does not go says of the reason.
func remaining(obj *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	text := ""
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["status"] == "True" {
			text += fmt.Sprintf("; %v: %v", m["type"], m["message"])
		}
	}
	return text
}
