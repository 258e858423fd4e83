package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// othersAge is for how long it is taken as known what others select by.
const othersAge = 5 * time.Second

// others are what others have in the run's Namespace that selects Pods: a Pod with
// such labels would get their traffic, or be taken, and others be ended for it, by
// their controller.
type others struct {
	mu        sync.Mutex
	read      time.Time
	selectors []othersSelector
}

type othersSelector struct {
	resource, name string
	// adopts: it becomes the owner of a Pod that is no controller's.
	adopts  bool
	matches labels.Selector
}

// othersThatSelect returns one that selects a Pod with labels, or nil.
func (s *Session) othersThatSelect(ctx context.Context, set map[string]string, controlled bool) (*othersSelector, error) {
	s.others.mu.Lock()
	defer s.others.mu.Unlock()
	if time.Since(s.others.read) > othersAge {
		found, err := s.readOthers(ctx)
		if err != nil {
			return nil, err
		}
		s.others.selectors, s.others.read = found, time.Now()
	}
	i := slices.IndexFunc(s.others.selectors, func(o othersSelector) bool {
		return (!o.adopts || !controlled) && o.matches.Matches(labels.Set(set))
	})
	if i < 0 {
		return nil, nil
	}
	return &s.others.selectors[i], nil
}

// readOthers lists what selects Pods, all at once. What may not be listed is left out.
func (s *Session) readOthers(ctx context.Context) ([]othersSelector, error) {
	needs := SharedNeeds()
	lists, errs := make([][]othersSelector, len(needs)), make([]error, len(needs))
	var wg sync.WaitGroup
	for i, n := range needs {
		wg.Go(func() {
			lists[i], errs[i] = s.listOthers(ctx, schema.GroupVersionResource{Group: n.Group, Version: "v1", Resource: n.Resource})
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, fmt.Errorf("what others have in namespace %q: %w", s.Namespace, err)
		}
	}
	return slices.Concat(lists...), nil
}

func (s *Session) listOthers(ctx context.Context, resource schema.GroupVersionResource) ([]othersSelector, error) {
	list, err := s.client.Resource(resource).Namespace(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: RunLabel + "!=" + s.ID})
	if err != nil {
		return nil, err
	}
	var found []othersSelector
	of := selectors[resource.GroupResource().String()]
	for i := range list.Items {
		obj := &list.Items[i]
		if matches := of.read(obj); !matches.Empty() && !s.created.hasUID(obj.GetUID()) {
			found = append(found, othersSelector{resource.Resource, obj.GetName(), resource.Resource != "services", matches})
		}
	}
	return found, nil
}

// labels refuses Pods, and templates of Pods, that others would take for theirs.
func (v *vetting) labels() error {
	for _, t := range templatesOf(v.obj) {
		if slices.Equal(t.path, jobTemplate) {
			continue
		}
		controlled := len(t.path) > 0 || metav1.GetControllerOf(v.obj) != nil
		if err := v.selected(t.GetLabels(), controlled); err != nil {
			return err
		}
	}
	return nil
}

func (v *vetting) selected(set map[string]string, controlled bool) error {
	by, err := v.session.othersThatSelect(v.ctx, set, controlled)
	if err != nil || by == nil {
		return err
	}
	return v.not("its pods would be taken for those of %s %q, which is not of this run, by the labels that this selects: %s",
		strings.TrimSuffix(by.resource, "s"), by.name, by.matches)
}
