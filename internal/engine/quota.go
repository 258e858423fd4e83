package engine

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// QuotaNarrow reports that a quota has no room for the Pods of all scenarios at once, so that
// these run one after the other.
type QuotaNarrow struct {
	Quota string
	// Room is how many Pods more the Namespace may have, Needed how many the run would have.
	Room, Needed int
}

// room is what a quota leaves.
type room struct {
	quota string
	pods  int
}

// podResources are what quotas count Pods by.
var podResources = []corev1.ResourceName{corev1.ResourcePods, "count/pods"}

// roomForPods is the least that a quota of the run's Namespace leaves, or nil where none
// counts Pods, or where they may not be read.
func (r *runner) roomForPods(ctx context.Context) *room {
	list, err := r.Evidence.Core.ResourceQuotas(r.Session.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil // the first Pod too many will show it
	}
	var least *room
	for _, quota := range list.Items {
		for _, name := range podResources {
			hard, counted := quota.Status.Hard[name]
			used := quota.Status.Used[name]
			if left := int(hard.Value() - used.Value()); counted && (least == nil || left < least.pods) {
				least = &room{quota.Name, left}
			}
		}
	}
	return least
}

// fit makes sure that a quota has room for the Pods of the run: for those of all scenarios
// at once, or of one after the other. It is an error where one scenario needs more.
func (r *runner) fit(ctx context.Context) error {
	has := r.roomForPods(ctx)
	if has == nil {
		return nil
	}
	all := 0
	for _, sc := range r.plan.scenarios {
		needed := r.plan.pods(sc)
		if needed > has.pods {
			return fmt.Errorf("the quota %q of namespace %q leaves room for %d pods, and scenario %q needs %d: nothing was created; "+
				"delete something in the namespace, raise the quota, or use another namespace: -n NAMESPACE",
				has.quota, r.Session.Namespace, has.pods, sc.Name, needed)
		}
		all += needed
	}
	if r.serial = all > has.pods; r.serial {
		r.emit(WholeRun, QuotaNarrow{has.quota, has.pods, all})
	}
	return nil
}

// pods is how many Pods a scenario has at once at most, as its commands and manifests say;
// those that it deletes still count until they have ended.
func (p *Plan) pods(sc scenario) int {
	n := 0
	for _, st := range sc.steps {
		verb, _ := st.command.Verb()
		if verb == "run" {
			n++
		}
		if !slices.Contains(creating, verb) {
			continue
		}
		for _, file := range st.command.Files() {
			n += podsOf(p.Example.Files[file])
		}
	}
	return n
}

// podsOf is how many Pods a manifest makes.
func podsOf(manifest []byte) int {
	var object struct {
		Kind string
		Spec struct {
			Replicas *int
			Template map[string]any
		}
	}
	if err := yaml.Unmarshal(manifest, &object); err != nil {
		return 0 // Compile has reported it
	}
	switch {
	case object.Kind == "Pod":
		return 1
	case object.Spec.Template == nil:
		return 0
	case object.Spec.Replicas == nil:
		return 1
	}
	return *object.Spec.Replicas
}
