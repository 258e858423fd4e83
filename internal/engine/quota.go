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

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
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

func (r room) ofPods() bool { return r.resource == corev1.ResourcePods || r.resource == countPods }

func (r room) String() string {
	if r.ofPods() {
		return fmt.Sprintf("room for %s pods", &r.left)
	}
	return fmt.Sprintf("%s of %s", &r.left, r.resource)
}

// countPods is the other name by which quotas count Pods.
const countPods corev1.ResourceName = "count/pods"

// rooms are what the quotas of the run's Namespace leave that count its Pods. There are none where they may
// not be read: the first Pod too many will show it.
func (r *runner) rooms(ctx context.Context) (rooms []room) {
	list, err := r.Evidence.Core.ResourceQuotas(r.Session.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	isBestEffort := !slices.ContainsFunc(r.Plain.Containers, func(c corev1.Container) bool { return len(c.Resources.Requests)+len(c.Resources.Limits) > 0 })
	for _, quota := range list.Items {
		if !counts(&quota.Spec, isBestEffort) {
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

// counts reports whether a quota counts Pods that may run for any time, have no priority class, and are best
// effort or not.
func counts(q *corev1.ResourceQuotaSpec, isBestEffort bool) bool {
	isOf := func(scope corev1.ResourceQuotaScope) bool {
		switch scope {
		case corev1.ResourceQuotaScopeNotTerminating:
			return true
		case corev1.ResourceQuotaScopeBestEffort:
			return isBestEffort
		case corev1.ResourceQuotaScopeNotBestEffort:
			return !isBestEffort
		default:
			return false
		}
	}
	if slices.ContainsFunc(q.Scopes, func(s corev1.ResourceQuotaScope) bool { return !isOf(s) }) {
		return false
	}
	return q.ScopeSelector == nil || !slices.ContainsFunc(q.ScopeSelector.MatchExpressions, func(e corev1.ScopedResourceSelectorRequirement) bool {
		wants := e.Operator == corev1.ScopeSelectorOpExists || e.Operator == corev1.ScopeSelectorOpIn
		return isOf(e.ScopeName) != wants
	})
}

// lacking is a room that is less than what is needed, or nil. Those of Pods come first.
func lacking(rooms []room, needed corev1.ResourceList) (lack *room) {
	for i, r := range rooms {
		if n, counts := needed[r.resource]; counts && n.Cmp(r.left) > 0 && (lack == nil || r.ofPods()) {
			lack = &rooms[i]
		}
	}
	return lack
}

// fit makes sure that the quotas have room for the Pods of the run: for those of all scenarios
// at once, or of one after the other. It is an error where one scenario has more Pods than that; what they need
// else is an estimate, because Pods that have ended need no more.
func (r *runner) fit(ctx context.Context) error {
	rooms := r.rooms(ctx)
	all := corev1.ResourceList{}
	for _, sc := range r.plan.scenarios {
		needed := r.plan.needed(sc, &r.Plain)
		if lack := lacking(rooms, needed); lack != nil && lack.ofPods() {
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
// the Pods that it deletes still count until they have ended. plain is a plain Pod as it is admitted.
func (p *Plan) needed(sc scenario, plain *corev1.PodSpec) corev1.ResourceList {
	needed := corev1.ResourceList{}
	for _, st := range sc.steps {
		verb, _ := st.command.Verb()
		if verb == "run" {
			add(needed, neededBy(&corev1.PodSpec{Containers: make([]corev1.Container, 1)}, plain), 1)
		}
		if !slices.Contains(creating, verb) {
			continue
		}
		for _, file := range st.command.Files() {
			spec, replicas := podsOf(p.Example.Files[file])
			add(needed, neededBy(&spec, plain), replicas)
		}
	}
	return needed
}

// neededBy is what a Pod needs, by the names of quotas.
func neededBy(spec, plain *corev1.PodSpec) corev1.ResourceList {
	var defaults corev1.ResourceRequirements
	var added []corev1.Container
	for _, c := range plain.Containers {
		if c.Name == run.PlainContainer {
			defaults = c.Resources
		} else {
			added = append(added, c)
		}
	}
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			r := &list[i].Resources
			// As the API server has them: its own limits come before the requests of a LimitRange.
			r.Requests = withDefaults(withDefaults(r.Requests, r.Limits), defaults.Requests)
			r.Limits = withDefaults(r.Limits, defaults.Limits)
			r.Requests = withDefaults(r.Requests, r.Limits)
		}
	}
	spec.InitContainers = append(spec.InitContainers, plain.InitContainers...)
	spec.Containers = append(spec.Containers, added...)
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
