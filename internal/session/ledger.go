package session

import (
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

func objectOf(resource schema.GroupVersionResource, obj metav1.Object) object {
	return object{resource, obj.GetNamespace(), obj.GetName(), obj.GetUID()}
}

// isAmong reports whether an object of that UID is in a list.
func isAmong(uid types.UID, list []object) bool {
	return uid != "" && slices.ContainsFunc(list, func(o object) bool { return o.uid == uid })
}

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

// hasUID reports whether the run created the object of that UID.
func (l *ledger) hasUID(uid types.UID) bool {
	return isAmong(uid, l.newestFirst())
}

// has reports whether the owner of an object, which may be nil, is in the list.
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
