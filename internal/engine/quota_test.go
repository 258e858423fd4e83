package engine

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

type texts map[corev1.ResourceName]string

// list has the texts as quantities.
func (t texts) list() corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, text := range t {
		list[name] = resource.MustParse(text)
	}
	return list
}

// A container has its own limits, or the defaults; requests that are not given are its limits. Containers that
// admission adds count, too.
func TestWhatAManifestNeedsOfAQuota(t *testing.T) {
	plain := &corev1.PodSpec{Containers: []corev1.Container{
		{Name: "proxy", Resources: corev1.ResourceRequirements{Requests: texts{"cpu": "10m"}.list()}},
		{Name: run.PlainContainer, Resources: corev1.ResourceRequirements{Limits: texts{"memory": "512Mi"}.list()}},
	}}
	for manifest, want := range map[string]corev1.ResourceList{
		"{kind: Pod, spec: {containers: [{name: a}, {name: b, resources: {limits: {memory: 64Mi, cpu: 500m}}}]}}":                    texts{"pods": "1", "count/pods": "1", "limits.memory": "576Mi", "limits.cpu": "500m", "memory": "576Mi", "requests.memory": "576Mi", "cpu": "510m", "requests.cpu": "510m"}.list(),
		"{kind: Deployment, spec: {replicas: 3, template: {spec: {containers: [{name: a, resources: {requests: {memory: 1Mi}}}]}}}}": texts{"pods": "3", "count/pods": "3", "limits.memory": "1536Mi", "memory": "3Mi", "requests.memory": "3Mi", "cpu": "30m", "requests.cpu": "30m"}.list(),
		"{kind: Service, spec: {ports: [{port: 80}]}}":                                                                               {},
	} {
		spec, replicas := podsOf([]byte(manifest))
		found := corev1.ResourceList{}
		if replicas > 0 {
			add(found, neededBy(&spec, plain), replicas)
		}
		if len(found) != len(want) {
			t.Errorf("%s: expected %v, found %v", manifest, want, found)
		}
		for name, quantity := range want {
			if n := found[name]; n.Cmp(quantity) != 0 {
				t.Errorf("%s: expected %s of %s, found %s", manifest, &quantity, name, &n)
			}
		}
	}
}

// As Sized has them: a container's own limits are its requests, whatever the defaults.
func TestOwnLimitsComeBeforeDefaultRequests(t *testing.T) {
	plain := &corev1.PodSpec{Containers: []corev1.Container{{Name: run.PlainContainer, Resources: corev1.ResourceRequirements{
		Requests: texts{"memory": "24Mi"}.list(), Limits: texts{"memory": "64Mi"}.list(),
	}}}}
	spec, _ := podsOf([]byte("{kind: Pod, spec: {containers: [{name: a, resources: {limits: {memory: 128Mi}}}, {name: b}]}}"))
	needed := neededBy(&spec, plain)
	if requests, limits := needed["requests.memory"], needed["limits.memory"]; requests.String() != "152Mi" || limits.String() != "192Mi" {
		t.Errorf("expected 152Mi and 192Mi, found %s and %s", &requests, &limits)
	}
}

func TestWhichQuotasCountPods(t *testing.T) {
	selector := func(e corev1.ScopedResourceSelectorRequirement) corev1.ResourceQuotaSpec {
		return corev1.ResourceQuotaSpec{ScopeSelector: &corev1.ScopeSelector{MatchExpressions: []corev1.ScopedResourceSelectorRequirement{e}}}
	}
	scope := func(s corev1.ResourceQuotaScope) corev1.ResourceQuotaSpec {
		return corev1.ResourceQuotaSpec{Scopes: []corev1.ResourceQuotaScope{s}}
	}
	for name, tc := range map[string]struct {
		spec             corev1.ResourceQuotaSpec
		bestEffort, size bool
	}{
		"all":                  {corev1.ResourceQuotaSpec{}, true, true},
		"NotTerminating":       {scope(corev1.ResourceQuotaScopeNotTerminating), true, true},
		"Terminating":          {scope(corev1.ResourceQuotaScopeTerminating), false, false},
		"BestEffort":           {scope(corev1.ResourceQuotaScopeBestEffort), true, false},
		"NotBestEffort":        {scope(corev1.ResourceQuotaScopeNotBestEffort), false, true},
		"a priority class":     {selector(corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: corev1.ScopeSelectorOpIn, Values: []string{"high"}}), false, false},
		"not a priority class": {selector(corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: corev1.ScopeSelectorOpDoesNotExist}), true, true},
		"selected BestEffort":  {selector(corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopeBestEffort, Operator: corev1.ScopeSelectorOpExists}), true, false},
	} {
		if bestEffort, size := counts(&tc.spec, true), counts(&tc.spec, false); bestEffort != tc.bestEffort || size != tc.size {
			t.Errorf("%s: expected %t and %t, found %t and %t", name, tc.bestEffort, tc.size, bestEffort, size)
		}
	}
}

func TestWhatAQuotaLeaves(t *testing.T) {
	rooms := []room{{"team", corev1.ResourcePods, resource.MustParse("6")}, {"team", "limits.memory", resource.MustParse("1Gi")}, {"team", "requests.nvidia.com/gpu", resource.MustParse("0")}}
	for _, tc := range []struct {
		needed corev1.ResourceList
		want   string
	}{
		{texts{"pods": "6", "limits.memory": "1Gi"}.list(), ""},
		{texts{"pods": "7"}.list(), "room for 6 pods"},
		{texts{"limits.memory": "1025Mi"}.list(), "1Gi of limits.memory"},
	} {
		found := ""
		if lack := lacking(rooms, tc.needed); lack != nil {
			found = lack.String()
		}
		if found != tc.want {
			t.Errorf("%v: expected %q, found %q", tc.needed, tc.want, found)
		}
	}
}
