package session

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// selector is where objects select others by their labels.
type selector struct {
	path []string
	// always: to select by nothing is to select all. Elsewhere it selects none, or
	// the API server fills it in.
	always bool
}

// selectors are by resource. In a Namespace of others each of them gets the run's
// label, so that no controller acts on what is not the run's.
var selectors = map[string]selector{
	"cronjobs.batch":                    {[]string{"spec", "jobTemplate", "spec", "selector", "matchLabels"}, false},
	"daemonsets.apps":                   {[]string{"spec", "selector", "matchLabels"}, true},
	"deployments.apps":                  {[]string{"spec", "selector", "matchLabels"}, true},
	"jobs.batch":                        {[]string{"spec", "selector", "matchLabels"}, false},
	"networkpolicies.networking.k8s.io": {[]string{"spec", "podSelector", "matchLabels"}, true},
	"poddisruptionbudgets.policy":       {[]string{"spec", "selector", "matchLabels"}, true},
	"replicasets.apps":                  {[]string{"spec", "selector", "matchLabels"}, true},
	"replicationcontrollers":            {[]string{"spec", "selector"}, false},
	"services":                          {[]string{"spec", "selector"}, false},
	"statefulsets.apps":                 {[]string{"spec", "selector", "matchLabels"}, true},
}

// bind adds the run's label to what an object selects by. What it makes has that
// label already.
func (s *Session) bind(obj *unstructured.Unstructured, at target) error {
	sel, ok := selectors[at.granted()]
	if !ok || !sel.always && !selects(obj, sel) {
		return nil
	}
	return unstructured.SetNestedField(obj.Object, s.ID, append(slices.Clone(sel.path), RunLabel)...)
}

// selects tells whether an object has a selector of its own.
func selects(obj *unstructured.Unstructured, sel selector) bool {
	path := sel.path
	if path[len(path)-1] == "matchLabels" { // there may be matchExpressions alone
		path = path[:len(path)-1]
	}
	labels, _, _ := unstructured.NestedMap(obj.Object, path...)
	return len(labels) > 0
}

// isBound tells whether an object selects the run's only.
func (s *Session) isBound(obj *unstructured.Unstructured, at target) bool {
	sel, ok := selectors[at.granted()]
	if !ok || !sel.always && !selects(obj, sel) {
		return true
	}
	id, _, _ := unstructured.NestedString(obj.Object, append(slices.Clone(sel.path), RunLabel)...)
	return id == s.ID
}

// vet tells, by an error, why an object must not be on the cluster as it is: because
// of what it, or a controller for it, would do to what is not the run's.
func (t *transport) vet(ctx context.Context, obj *unstructured.Unstructured, at target) error {
	v := &vetting{t, ctx, obj, at, t.session.isOwn(at)}
	checks := []func() error{}
	if !v.own {
		checks = append(checks, v.isTheRuns)
	}
	if t.confined {
		checks = append(checks, v.claims, v.service)
	}
	if t.confined && !v.own {
		checks = append(checks, v.owners, v.labels, v.pod, v.secret)
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

type vetting struct {
	*transport
	ctx context.Context //nolint:containedctx // lives for one call
	obj *unstructured.Unstructured
	at  target
	// own: it is in a Namespace of the run's own.
	own bool
}

// not makes the error that names the object, and a way out.
func (v *vetting) not(format string, args ...any) error {
	hint := "run the example in a namespace of its own: leave -n out"
	if v.own {
		hint = "to permit it, run the example with --allow-cluster-scope"
	}
	return fmt.Errorf("%s %q: %s; %s", v.at.resource.Resource, v.obj.GetName(), fmt.Sprintf(format, args...), hint)
}

func (v *vetting) isTheRuns() error {
	s := v.session
	for _, path := range templates {
		labels, has, _ := unstructured.NestedStringMap(v.obj.Object, append(slices.Clone(path), "metadata", "labels")...)
		if _, made, _ := unstructured.NestedMap(v.obj.Object, append(slices.Clone(path), "spec")...); (has || made) && labels[RunLabel] != s.ID {
			return v.not("expected that the pods which it makes keep the label %s=%s", RunLabel, s.ID)
		}
	}
	switch {
	case !s.isMarked(v.obj):
		return v.not("expected that it keeps the label %s=%s", RunLabel, s.ID)
	case !s.isBound(v.obj, v.at):
		return v.not("expected that it selects by the label %s=%s, too: else it would act on what is not the run's", RunLabel, s.ID)
	}
	return nil
}

func (v *vetting) owners() error {
	for _, o := range v.obj.GetOwnerReferences() {
		if !v.session.created.hasUID(o.UID) {
			return v.not("its owner %s %q is not of this run", o.Kind, o.Name)
		}
	}
	return nil
}

// service refuses addresses that are not the Service's to take: those of others.
func (v *vetting) service() error {
	if v.at.granted() != "services" {
		return nil
	}
	for _, field := range []string{"externalIPs", "loadBalancerIP"} {
		if value, has, _ := unstructured.NestedFieldNoCopy(v.obj.Object, "spec", field); has {
			return v.notScoped("its %s %v would take traffic that is not the run's", field, value)
		}
	}
	return nil
}

// notScoped is not for what only --allow-cluster-scope permits.
func (v *vetting) notScoped(format string, args ...any) error {
	own := *v
	own.own = true
	return own.not(format, args...)
}

// claims refuses what would read a volume of others.
func (v *vetting) claims() error {
	if v.at.granted() == "persistentvolumeclaims" {
		spec, _, _ := unstructured.NestedMap(v.obj.Object, "spec")
		if err := v.claim(spec); err != nil {
			return err
		}
	}
	list, _, _ := unstructured.NestedSlice(v.obj.Object, "spec", "volumeClaimTemplates")
	if len(list) > 0 && !v.own {
		return v.not("its volumeClaimTemplates may be claims that others have made under such a name")
	}
	for _, template := range list {
		if fields, ok := template.(map[string]any); ok {
			spec, _, _ := unstructured.NestedMap(fields, "spec")
			if err := v.claim(spec); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *vetting) claim(spec map[string]any) error {
	if name, _, _ := unstructured.NestedString(spec, "volumeName"); name != "" && v.obj.GetUID() == "" {
		return v.notScoped("its volumeName %q is in no namespace", name)
	}
	for _, field := range []string{"dataSource", "dataSourceRef"} {
		if namespace, _, _ := unstructured.NestedString(spec, field, "namespace"); namespace != "" && namespace != v.session.Namespace {
			return v.notScoped("its %s is in the namespace %q", field, namespace)
		}
		if source, has, _ := unstructured.NestedMap(spec, field); has && !v.own {
			return v.not("its %s %v may not be the run's", field, source["name"])
		}
	}
	return nil
}

// secret refuses a Secret that the cluster fills with a token of others.
func (v *vetting) secret() error {
	kind, _, _ := unstructured.NestedString(v.obj.Object, "type")
	if v.at.resource == secrets && kind == string(corev1.SecretTypeServiceAccountToken) {
		return v.not("it would hold the token of a service account, which may not be the run's")
	}
	return nil
}

// pod refuses a Pod, and a template of Pods, that would read what others have.
func (v *vetting) pod() error {
	for _, path := range podSpecs {
		fields, has, _ := unstructured.NestedMap(v.obj.Object, path...)
		if !has || path[0] == "spec" && len(path) == 1 && v.at.resource != pods {
			continue
		}
		spec := corev1.PodSpec{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &spec); err != nil {
			return v.not("expected a pod: %v", err)
		}
		for _, r := range references(spec) {
			if err := v.refersToOwn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// reference is what a Pod refers to.
type reference struct{ resource, name string }

// usual are what every Namespace has for its Pods.
var usual = []reference{{"configmaps", "kube-root-ca.crt"}, {"serviceaccounts", "default"}, {"serviceaccounts", ""}}

func (v *vetting) refersToOwn(r reference) error {
	if slices.Contains(usual, r) {
		return nil
	}
	if !slices.Contains([]string{"configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts"}, r.resource) {
		return v.not("its %s may be others'", r.resource)
	}
	at := target{resource: corev1.SchemeGroupVersion.WithResource(r.resource), namespace: v.at.namespace, name: r.name}
	obj, err := v.look(v.ctx, at)
	switch {
	case apierrors.IsForbidden(err) && v.session.created.uidOf(at) != "":
		return nil // the run has made it, and needs no permission to read it
	case apierrors.IsNotFound(err):
		return v.not("it refers to %s %q, which this run has not made yet: create it first", r.resource, r.name)
	case err != nil:
		return fmt.Errorf("whose %s %q is: %w", r.resource, r.name, err)
	case !v.session.created.hasUID(obj.GetUID()):
		return v.not("it refers to %s %q, which is not of this run", r.resource, r.name)
	}
	return nil
}

// references are what a Pod reads, but for the credentials of its images, which only
// the kubelet sees.
func references(spec corev1.PodSpec) []reference {
	found := []reference{{"serviceaccounts", spec.ServiceAccountName}, {"serviceaccounts", spec.DeprecatedServiceAccount}}
	for _, volume := range spec.Volumes {
		found = append(found, ofVolume(volume.VolumeSource)...)
	}
	for _, claim := range spec.ResourceClaims {
		found = append(found, reference{"resourceClaims", claim.Name})
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		found = append(found, ofEnvironment(c)...)
	}
	return found
}

func ofEnvironment(c corev1.Container) []reference {
	var found []reference
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef != nil {
			found = append(found, reference{"configmaps", from.ConfigMapRef.Name})
		}
		if from.SecretRef != nil {
			found = append(found, reference{"secrets", from.SecretRef.Name})
		}
	}
	for _, env := range c.Env {
		if env.ValueFrom == nil {
			continue
		}
		if env.ValueFrom.ConfigMapKeyRef != nil {
			found = append(found, reference{"configmaps", env.ValueFrom.ConfigMapKeyRef.Name})
		}
		if env.ValueFrom.SecretKeyRef != nil {
			found = append(found, reference{"secrets", env.ValueFrom.SecretKeyRef.Name})
		}
	}
	return found
}

// ofVolume are what a volume refers to. A kind of volume that is not known to be
// harmless is a reference to something of others.
func ofVolume(v corev1.VolumeSource) []reference {
	var found []reference
	if v.ConfigMap != nil {
		found = append(found, reference{"configmaps", v.ConfigMap.Name})
	}
	if v.Secret != nil {
		found = append(found, reference{"secrets", v.Secret.SecretName})
	}
	if v.PersistentVolumeClaim != nil {
		found = append(found, reference{"persistentvolumeclaims", v.PersistentVolumeClaim.ClaimName})
	}
	if v.Projected != nil {
		for _, source := range v.Projected.Sources {
			found = append(found, ofProjection(source)...)
		}
	}
	v.ConfigMap, v.Secret, v.PersistentVolumeClaim, v.Projected = nil, nil, nil, nil
	v.EmptyDir, v.DownwardAPI, v.HostPath, v.Image = nil, nil, nil, nil
	if v != (corev1.VolumeSource{}) {
		found = append(found, reference{"volumes of this kind", ""})
	}
	return found
}

func ofProjection(source corev1.VolumeProjection) []reference {
	var found []reference
	if source.ConfigMap != nil {
		found = append(found, reference{"configmaps", source.ConfigMap.Name})
	}
	if source.Secret != nil {
		found = append(found, reference{"secrets", source.Secret.Name})
	}
	source.ConfigMap, source.Secret, source.DownwardAPI, source.ServiceAccountToken = nil, nil, nil, nil
	if source != (corev1.VolumeProjection{}) {
		found = append(found, reference{"volumes of this kind", ""})
	}
	return found
}

// templates are where an object says what a controller makes for it; podSpecs are
// where it says what Pods are.
var (
	templates = [][]string{{"spec", "template"}, {"spec", "jobTemplate"}, {"spec", "jobTemplate", "spec", "template"}, {"template"}}
	podSpecs  = [][]string{{"spec"}, {"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}, {"template", "spec"}}
)
