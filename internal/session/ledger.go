package session

import (
	"context"
	"errors"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// object is something that a run created.
type object struct {
	resource  schema.GroupVersionResource
	namespace string
	name      string
	// uid is "" where it is not known whether the object was created.
	uid types.UID
}

func (o object) String() string { return o.resource.Resource + "/" + o.name }

// ledger is the list of what a run created, in order.
type ledger struct {
	mu      sync.Mutex
	objects []object
}

func (l *ledger) add(o object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects = append(l.objects, o)
}

// uidOf is the UID of what the run created last under a name, or "".
func (l *ledger) uidOf(t target) types.UID {
	for _, o := range l.newestFirst() {
		if o.resource.GroupResource() == t.resource.GroupResource() && o.namespace == t.namespace && o.name == t.name {
			return o.uid
		}
	}
	return ""
}

// hasUID tells whether the run created the object of that UID.
func (l *ledger) hasUID(uid types.UID) bool {
	return uid != "" && slices.ContainsFunc(l.newestFirst(), func(o object) bool { return o.uid == uid })
}

// has tells whether the owner of an object, which may be nil, is in the list.
func (l *ledger) has(owner *metav1.OwnerReference) bool {
	return owner != nil && l.hasUID(owner.UID)
}

// newestFirst returns the objects in the order of removal.
func (l *ledger) newestFirst() []object {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := slices.Clone(l.objects)
	slices.Reverse(out)
	return out
}

// door lets creates in until it is shut: a command that was left behind must
// not create anything after the cleanup has looked what there is.
type door struct {
	mu     sync.Mutex
	inside sync.WaitGroup
	isShut bool
}

var errShut = errors.New("the run is over: nothing more is created")

func (d *door) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isShut {
		return errShut
	}
	d.inside.Add(1)
	return nil
}

func (d *door) leave() { d.inside.Done() }

// shut waits for those inside, as long as ctx stands.
func (d *door) shut(ctx context.Context) {
	d.mu.Lock()
	d.isShut = true
	d.mu.Unlock()
	empty := make(chan struct{})
	go func() {
		defer close(empty)
		d.inside.Wait()
	}()
	select {
	case <-ctx.Done():
	case <-empty:
	}
}
