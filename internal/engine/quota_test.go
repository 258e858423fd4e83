package engine

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
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

// A container has its own limits, or the defaults; requests that are not given are its limits.
func TestWhatAManifestNeedsOfAQuota(t *testing.T) {
	defaults := corev1.ResourceRequirements{Limits: texts{"memory": "512Mi"}.list()}
	for manifest, want := range map[string]corev1.ResourceList{
		"{kind: Pod, spec: {containers: [{name: a}, {name: b, resources: {limits: {memory: 64Mi, cpu: 500m}}}]}}":                    texts{"pods": "1", "count/pods": "1", "limits.memory": "576Mi", "limits.cpu": "500m", "memory": "576Mi", "requests.memory": "576Mi", "cpu": "500m", "requests.cpu": "500m"}.list(),
		"{kind: Deployment, spec: {replicas: 3, template: {spec: {containers: [{name: a, resources: {requests: {memory: 1Mi}}}]}}}}": texts{"pods": "3", "count/pods": "3", "limits.memory": "1536Mi", "memory": "3Mi", "requests.memory": "3Mi"}.list(),
		"{kind: Service, spec: {ports: [{port: 80}]}}":                                                                               {},
	} {
		spec, replicas := podsOf([]byte(manifest))
		found := corev1.ResourceList{}
		if replicas > 0 {
			add(found, neededBy(&spec, defaults), replicas)
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
