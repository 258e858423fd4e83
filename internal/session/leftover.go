package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Leftover is what a run has on a cluster, in one Namespace.
type Leftover struct {
	// Run is the run's ID.
	Run       string
	Namespace string
	// Owned: the Namespace is the run's own.
	Owned bool
	// Created is when the first of it was made.
	Created time.Time
	State   State
	objects []object
}

// Objects lists what the run has, as TYPE/NAME, sorted.
func (l *Leftover) Objects() []string {
	var names []string
	for _, o := range l.objects {
		names = append(names, o.String())
	}
	slices.Sort(names)
	return names
}

// Ended reports whether the run is known to be over, and not meant to be kept.
func (l *Leftover) Ended() bool { return l.State == Dead || l.State == Expired }

// FindEnded finds runs that have ended and left something, cheaply, for a run
// that begins beside them: with one request, for the Namespaces that runs have
// made, or for the Pods of a Namespace of others. What may not be listed is left
// out. The run itself is not among them.
func (s *Session) FindEnded(ctx context.Context, cfg *rest.Config) []Leftover {
	client, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil
	}
	resource, namespace := namespaces, ""
	if !s.Owned {
		resource, namespace = pods, s.Namespace
	}
	found := finder{found: map[[2]string]*Leftover{}}
	// It is only a hint: so many are enough to give it.
	if err := found.list(ctx, client, resource, namespace, metav1.ListOptions{LabelSelector: RunLabel, Limit: 100}); err != nil {
		return nil
	}
	return slices.DeleteFunc(found.leftovers(), func(l Leftover) bool { return l.Run == s.ID || !l.Ended() })
}

// Find finds what runs have on the cluster, or in one Namespace of it: all
// objects, of every resource that can be listed and deleted, that have a run's
// label. What the user may not list is left out; the error is that of Pods.
func Find(ctx context.Context, cfg *rest.Config, namespace string) ([]Leftover, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.WarningHandler = rest.NoWarnings{} // of resources that are on their way out
	client, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	resources, err := removable(cfg, namespace != "")
	if err != nil {
		return nil, err
	}
	found := finder{found: map[[2]string]*Leftover{}}
	var podsErr error
	var wg sync.WaitGroup
	for r := range resources {
		wg.Go(func() {
			if err := found.list(ctx, client, r, namespace, metav1.ListOptions{LabelSelector: RunLabel}); err != nil && r == pods {
				podsErr = err
			}
		})
	}
	if namespace != "" { // it may be a run's own
		wg.Go(func() {
			if ns, err := client.Resource(namespaces).Get(ctx, namespace, metav1.GetOptions{}); err == nil && ns.Labels[RunLabel] != "" {
				found.add(namespaces, ns)
			}
		})
	}
	wg.Wait()
	if podsErr != nil {
		return nil, fmt.Errorf("list leftovers of runs: %w", podsErr)
	}
	return found.leftovers(), ctx.Err()
}

// removable are the resources that can be listed and deleted.
func removable(cfg *rest.Config, namespaced bool) (map[schema.GroupVersionResource]struct{}, error) {
	client, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, err
	}
	list := client.ServerPreferredResources
	if namespaced {
		list = client.ServerPreferredNamespacedResources
	}
	lists, err := list()
	if len(lists) == 0 && err != nil { // an API group that does not answer is not in the way
		return nil, err
	}
	return discovery.GroupVersionResources(discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists))
}

// finder collects objects by run and Namespace.
type finder struct {
	mu    sync.Mutex
	found map[[2]string]*Leftover
}

func (f *finder) list(ctx context.Context, client metadata.Interface, r schema.GroupVersionResource, namespace string, opts metav1.ListOptions) error {
	list, err := client.Resource(r).Namespace(namespace).List(ctx, opts)
	if err != nil {
		return err
	}
	for i := range list.Items {
		f.add(r, &list.Items[i])
	}
	return nil
}

func (f *finder) add(r schema.GroupVersionResource, m *metav1.PartialObjectMetadata) {
	f.mu.Lock()
	defer f.mu.Unlock()
	run, namespace := m.Labels[RunLabel], m.Namespace
	own := r == namespaces
	if own {
		namespace = m.Name
	}
	key := [2]string{run, namespace}
	l := f.found[key]
	if l == nil {
		l = &Leftover{Run: run, Namespace: namespace, Created: m.CreationTimestamp.Time, State: stateOf(run)}
		f.found[key] = l
	}
	if m.CreationTimestamp.Time.Before(l.Created) {
		l.Created = m.CreationTimestamp.Time
	}
	l.Owned = l.Owned || own
	if m.Annotations[keepAnnotation] != "" && l.State != Running {
		l.State = Kept
	}
	l.objects = append(l.objects, objectOf(r, m))
}

func (f *finder) leftovers() []Leftover {
	var out []Leftover
	for _, l := range f.found {
		if l.State == Elsewhere && time.Since(l.Created) > 2*Deadline {
			l.State = Expired
		}
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b Leftover) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Namespace, b.Namespace))
	})
	return out
}

// Remove removes the leftovers of a run in a Namespace, with the Namespace where it
// is the run's own, and waits until it no longer exists, within CleanupTimeout.
func (l *Leftover) Remove(ctx context.Context, cfg *rest.Config) Cleanup {
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return Cleanup{v1alpha1.Cleanup{Leftovers: l.Objects()}, err}
	}
	ctx, cancel := wait.WithTimeout(ctx, CleanupTimeout)
	defer cancel()
	r := &remover{client: client, run: l.Run}
	out := r.removeAll(ctx, l.Namespace, l.Owned, l.objects)
	if out.Err == nil {
		out.Err = forgetRun(l.Run)
	}
	return out
}
