//go:build linux

package bare

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// quantities are those of the texts.
func quantities(texts map[corev1.ResourceName]string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, text := range texts {
		list[name] = resource.MustParse(text)
	}
	return list
}

// testAdmission holds what a run finds out about what admission requires of its Pods, even where a quota has no
// room: what the quota requires, and the Pod Security Standard, is no less for that.
func (b *bench) testAdmission(t *testing.T) {
	type texts = map[corev1.ResourceName]string
	sized := podpatch.Patch{}.Sized()
	for name, tc := range map[string]struct {
		restricted bool
		hard, used texts
		scopes     []corev1.ResourceQuotaScope
		minimum    texts
		want       podpatch.Patch
	}{
		"nothing":          {},
		"limits":           {hard: texts{"limits.memory": "8Gi"}, want: sized},
		"limits-full":      {hard: texts{"limits.memory": "8Gi"}, used: texts{"limits.memory": "8Gi"}, want: sized},
		"requests":         {hard: texts{"requests.cpu": "1"}, want: podpatch.Patch{Requests: podpatch.Small}},
		"pods-full":        {hard: texts{"pods": "0"}},
		"best-effort-full": {hard: texts{"pods": "0"}, scopes: []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}, want: sized},
		"restricted":       {restricted: true, want: podpatch.Patch{Hardened: true}},
		"restricted-full":  {restricted: true, hard: texts{"pods": "0"}, want: podpatch.Patch{Hardened: true}},
		// The minimum is the default, too, but what the quota has a container request is not.
		"restricted-minimum": {restricted: true, minimum: texts{"cpu": "10m"}, want: podpatch.Patch{Hardened: true}},
		"minimum-and-size": {hard: texts{"limits.memory": "8Gi"}, minimum: texts{"cpu": "10m"},
			want: podpatch.Patch{Requests: podpatch.Resources{CPU: "10m", Memory: "24Mi"}, Limits: podpatch.Ample}},
		"restricted-and-size": {restricted: true, hard: texts{"limits.cpu": "1"}, want: podpatch.Patch{Hardened: true, Requests: podpatch.Small, Limits: podpatch.Ample}},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := "admission-" + name
			b.namespace(t, namespace)
			if tc.restricted {
				b.enforceRestricted(t, namespace)
			}
			if tc.hard != nil {
				b.quota(t, namespace, tc.scopes, quantities(tc.hard), quantities(tc.used))
			}
			if tc.minimum != nil {
				b.minimum(t, namespace, quantities(tc.minimum))
			}
			work := run.Work{Name: "bare"}
			work.Do = func(ctx context.Context, env *run.Environment) (v1alpha1.Verdict, error) {
				if env.Patch != tc.want {
					t.Errorf("expected %+v, found %+v", tc.want, env.Patch)
				}
				if env.Admit(ctx) {
					t.Errorf("expected no more, found %+v", env.Patch)
				}
				enforces, err := run.EnforcesRestricted(ctx, env.Session, "")
				if isFull := tc.want == (podpatch.Patch{}) && tc.hard != nil; enforces != tc.restricted || (err != nil) != (isFull || tc.used != nil || tc.scopes != nil) {
					t.Errorf("expected that restricted is enforced: %t, found %t, %v", tc.restricted, enforces, err)
				}
				return v1alpha1.Passed, nil
			}
			opts := run.Options{Options: session.Options{}, Namespace: namespace}
			if result := run.Run(t.Context(), run.FromConfig(b.server.Config, "bare"), opts, work, &decided{}); result.Err != nil {
				t.Error(result.Err)
			}
		})
	}
}

func (b *bench) enforceRestricted(t *testing.T, name string) {
	t.Helper()
	ns, err := b.admin.CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	metav1.SetMetaDataLabel(&ns.ObjectMeta, "pod-security.kubernetes.io/enforce", "restricted")
	if _, err := b.admin.CoreV1().Namespaces().Update(t.Context(), ns, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// quota creates a ResourceQuota with the status that its controller would give it.
func (b *bench) quota(t *testing.T, namespace string, scopes []corev1.ResourceQuotaScope, hard, used corev1.ResourceList) {
	t.Helper()
	quotas := b.admin.CoreV1().ResourceQuotas(namespace)
	q, err := quotas.Create(t.Context(), &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "team"}, Spec: corev1.ResourceQuotaSpec{Hard: hard, Scopes: scopes}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name := range hard {
		if _, isUsed := used[name]; !isUsed {
			used[name] = resource.MustParse("0")
		}
	}
	q.Status = corev1.ResourceQuotaStatus{Hard: hard, Used: used}
	if _, err := quotas.UpdateStatus(t.Context(), q, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// minimum creates a LimitRange with a minimum for each container.
func (b *bench) minimum(t *testing.T, namespace string, least corev1.ResourceList) {
	t.Helper()
	limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "least"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Min: least}}}}
	if _, err := b.admin.CoreV1().LimitRanges(namespace).Create(t.Context(), limits, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
