package session

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// vet returns, as an error, why an object must not be on the cluster as it is: because
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
		checks = append(checks, v.owners, v.labels, v.references, v.secret)
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

// not is the error of what a run may only do in a new Namespace.
func (v *vetting) not(format string, args ...any) error {
	return v.refusal(fmt.Sprintf(format, args...), "run the example in a new namespace: omit -n")
}

// notScoped is the error of what only --allow-cluster-scope permits.
func (v *vetting) notScoped(format string, args ...any) error {
	return v.refusal(fmt.Sprintf(format, args...), "to permit it, use --allow-cluster-scope")
}

func (v *vetting) refusal(why, remedy string) error {
	return fmt.Errorf("%s %q: %s; %s", v.at.resource.Resource, v.obj.GetName(), why, remedy)
}

func (v *vetting) isTheRuns() error {
	s := v.session
	switch {
	case !s.isMarked(v.obj):
		return v.not("expected that it keeps the label %s=%s", RunLabel, s.ID)
	case !s.isBound(v.obj, v.at):
		return v.not("expected that it selects by the label %s=%s, too: else it would act on what is not the run's", RunLabel, s.ID)
	}
	for _, t := range templatesOf(v.obj) {
		if !s.isMarked(&t) {
			return v.not("expected that the pods which it makes keep the label %s=%s", RunLabel, s.ID)
		}
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

// references refuses a Pod, and a template of Pods, that would read what others have.
func (v *vetting) references() error {
	for _, r := range referencesOf("", v.obj.Object) {
		if err := v.refersToOwn(r); err != nil {
			return err
		}
	}
	return nil
}

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
	obj, err := v.session.look(v.ctx, at)
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
