package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
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
	// adopts: it takes a Pod that is no controller's.
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
	needs := rbac.Shared()
	lists, errs := make([][]othersSelector, len(needs)), make([]error, len(needs))
	var wg sync.WaitGroup
	for i, n := range needs {
		version := corev1.SchemeGroupVersion.Version
		wg.Go(func() {
			lists[i], errs[i] = s.listOthers(ctx, schema.GroupVersionResource{Group: n.Group, Version: version, Resource: n.Resource})
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
	at := target{resource: resource}
	for i := range list.Items {
		obj := &list.Items[i]
		if matches := selectorOf(obj, selectors[at.granted()].path); !matches.Empty() && !s.created.hasUID(obj.GetUID()) {
			found = append(found, othersSelector{resource.Resource, obj.GetName(), resource.Resource != "services", matches})
		}
	}
	return found, nil
}

// selectorOf is what an object selects by, at a path; an empty one is none.
func selectorOf(obj *unstructured.Unstructured, path []string) labels.Selector {
	if path[len(path)-1] != "matchLabels" {
		set, _, _ := unstructured.NestedStringMap(obj.Object, path...)
		return labels.SelectorFromSet(set)
	}
	fields, _, _ := unstructured.NestedMap(obj.Object, path[:len(path)-1]...)
	selector := &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, selector); err != nil {
		return labels.Everything()
	}
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return labels.Everything()
	}
	return matches
}

// labels refuses Pods, and templates of Pods, that others would take for theirs.
func (v *vetting) labels() error {
	if v.at.resource == pods {
		return v.selected(v.obj.GetLabels(), metav1.GetControllerOf(v.obj) != nil)
	}
	for _, path := range templates {
		if _, has, _ := unstructured.NestedMap(v.obj.Object, append(slices.Clone(path), "spec")...); !has {
			continue
		}
		set, _, _ := unstructured.NestedStringMap(v.obj.Object, append(slices.Clone(path), "metadata", "labels")...)
		if err := v.selected(set, true); err != nil {
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
