package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	helper "k8s.io/component-helpers/resource"
	"sigs.k8s.io/yaml"
)

// QuotaNarrow reports that a quota has no room for the Pods of all scenarios at once, so that
// these run one after the other.
type QuotaNarrow struct {
	Quota string
	// Left is the rest of it, as "room for 6 pods", and Needed how much the run would need.
	Left, Needed string
}

// room is what a quota leaves of a resource.
type room struct {
	quota    string
	resource corev1.ResourceName
	left     resource.Quantity
}

func (r room) String() string {
	if r.resource == corev1.ResourcePods || r.resource == countPods {
		return fmt.Sprintf("room for %s pods", &r.left)
	}
	return fmt.Sprintf("%s of %s", &r.left, r.resource)
}

// countPods is the other name by which quotas count Pods.
const countPods corev1.ResourceName = "count/pods"

// rooms are what the quotas of the run's Namespace leave, but for those of only some Pods, as of a priority
// class. There are none where they may not be read: the first Pod too many will show it.
func (r *runner) rooms(ctx context.Context) (rooms []room) {
	list, err := r.Evidence.Core.ResourceQuotas(r.Session.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	for _, quota := range list.Items {
		if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(quota.Status.Hard)) {
			left := quota.Status.Hard[name]
			left.Sub(quota.Status.Used[name])
			rooms = append(rooms, room{quota.Name, name, left})
		}
	}
	return rooms
}

// lacking is a room that is less than what is needed, or nil.
func lacking(rooms []room, needed corev1.ResourceList) *room {
	for i, r := range rooms {
		if n, counts := needed[r.resource]; counts && n.Cmp(r.left) > 0 {
			return &rooms[i]
		}
	}
	return nil
}

// fit makes sure that the quotas have room for the Pods of the run: for those of all scenarios
// at once, or of one after the other. It is an error where one scenario needs more.
func (r *runner) fit(ctx context.Context) error {
	rooms := r.rooms(ctx)
	all := corev1.ResourceList{}
	for _, sc := range r.plan.scenarios {
		needed := r.plan.needed(sc, r.Container)
		if lack := lacking(rooms, needed); lack != nil {
			n := needed[lack.resource]
			return fmt.Errorf("the quota %q of namespace %q leaves %s, and scenario %q needs %s: nothing was created; "+
				"delete something in the namespace, raise the quota, or use another namespace: -n NAMESPACE",
				lack.quota, r.Session.Namespace, lack, sc.Name, &n)
		}
		add(all, needed, 1)
	}
	if lack := lacking(rooms, all); lack != nil {
		r.serial = true
		n := all[lack.resource]
		r.emit(WholeRun, QuotaNarrow{lack.quota, lack.String(), n.String()})
	}
	return nil
}

// needed is what a scenario needs at once at most, by the names of quotas, as its commands and manifests say;
// the Pods that it deletes still count until they have ended. defaults are those of a container.
func (p *Plan) needed(sc scenario, defaults corev1.ResourceRequirements) corev1.ResourceList {
	needed := corev1.ResourceList{}
	for _, st := range sc.steps {
		verb, _ := st.command.Verb()
		if verb == "run" {
			add(needed, neededBy(&corev1.PodSpec{Containers: make([]corev1.Container, 1)}, defaults), 1)
		}
		if !slices.Contains(creating, verb) {
			continue
		}
		for _, file := range st.command.Files() {
			spec, replicas := podsOf(p.Example.Files[file])
			add(needed, neededBy(&spec, defaults), replicas)
		}
	}
	return needed
}

// neededBy is what a Pod needs, by the names of quotas.
func neededBy(spec *corev1.PodSpec, defaults corev1.ResourceRequirements) corev1.ResourceList {
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			r := &list[i].Resources
			r.Limits = withDefaults(r.Limits, defaults.Limits)
			r.Requests = withDefaults(withDefaults(r.Requests, defaults.Requests), r.Limits)
		}
	}
	pod := &corev1.Pod{Spec: *spec}
	one := resource.MustParse("1")
	needed := corev1.ResourceList{corev1.ResourcePods: one, countPods: one}
	for name, quantity := range helper.PodRequests(pod, helper.PodResourcesOptions{}) {
		needed[name], needed["requests."+name] = quantity, quantity
	}
	for name, quantity := range helper.PodLimits(pod, helper.PodResourcesOptions{}) {
		needed["limits."+name] = quantity
	}
	return needed
}

func withDefaults(own, defaults corev1.ResourceList) corev1.ResourceList {
	all := maps.Clone(defaults)
	if all == nil {
		return own
	}
	maps.Copy(all, own)
	return all
}

// add adds what n Pods need.
func add(sum, needed corev1.ResourceList, n int64) {
	for name, quantity := range needed {
		total := sum[name]
		quantity.Mul(n)
		total.Add(quantity)
		sum[name] = total
	}
}

// podsOf is the Pod that a manifest makes, and how many of it.
func podsOf(manifest []byte) (corev1.PodSpec, int64) {
	var object struct {
		Kind string
		Spec struct {
			corev1.PodSpec `json:",inline"`
			Replicas       *int64
			Template       *corev1.PodTemplateSpec
		}
	}
	if err := yaml.Unmarshal(manifest, &object); err != nil {
		return corev1.PodSpec{}, 0 // Compile has reported it
	}
	switch {
	case object.Kind == "Pod":
		return object.Spec.PodSpec, 1
	case object.Spec.Template == nil:
		return corev1.PodSpec{}, 0
	case object.Spec.Replicas == nil:
		return object.Spec.Template.Spec, 1
	}
	return object.Spec.Template.Spec, *object.Spec.Replicas
}
