package podpatch

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// The words are those of the API server (plugin/pkg/admission).
func TestResourcesFitWhatTheNamespaceRequires(t *testing.T) {
	sized := Patch{}.Sized()
	for denied, tc := range map[string]struct{ from, want Patch }{
		`pods "p" is forbidden: failed quota: team: must specify limits.cpu for: sise; limits.memory for: sise`:     {Patch{}, sized},
		`pods "p" is forbidden: failed quota: team: must specify limits.cpu for: sise`:                              {sized, sized},
		`pods "p" is forbidden: failed quota: team: must specify requests.cpu for: sise; requests.memory for: sise`: {Patch{}, Patch{Requests: Small}},
		`error: must specify one of -f and -k`:                                               {Patch{}, Patch{}},
		`pods "p" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified`: {Patch{}, sized},
		`pods "p" is forbidden: [minimum cpu usage per Container is 10m, but request is 1m, minimum memory usage per Container is 32Mi.  No request is specified]`: {
			Patch{}, Patch{Requests: Resources{"10m", "32Mi"}}},
		`pods "p" is forbidden: minimum cpu usage per Container is 500m, but request is 1m`: {sized, Patch{Requests: Resources{"500m", "24Mi"}, Limits: Resources{"500m", "64Mi"}}},
		`pods "p" is forbidden: minimum cpu usage per Container is 1m, but limit is 0`:      {sized, sized},
		`pods "p" is forbidden: maximum cpu usage per Container is 100m, but limit is 200m`: {sized, Patch{Requests: Small, Limits: Resources{"100m", "64Mi"}}},
		`pods "p" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 200.000000`: {
			sized, Patch{Requests: Ample, Limits: Ample}},
		`pods "p" is forbidden: memory max limit to request ratio per Container is 4, but no request is specified or request is 0`: {Patch{}, sized},
		`pods "p" is forbidden: exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3`:                            {Patch{}, Patch{}},
		`pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`:                       {Patch{}, Patch{}},
	} {
		if found := tc.from.Fit(denied); found != tc.want {
			t.Errorf("%s:\nexpected %+v,\nfound    %+v", denied, tc.want, found)
		}
	}
}

// A container keeps its own limits, which are its requests, too; its limits are not less than its own requests.
func TestAContainerKeepsItsOwnResources(t *testing.T) {
	pod := podOf(t, []byte("spec: {containers: [{name: own, resources: {limits: {memory: 32Mi}}}, {name: shell, resources: {requests: {cpu: 5m}}}, {name: large, resources: {requests: {memory: 128Mi}}}]}"))
	if err := (Patch{}.Sized()).Pod(pod); err != nil {
		t.Fatal(err)
	}
	of := func(l corev1.ResourceList) Resources { return Resources{l.Cpu().String(), l.Memory().String()} }
	for i, want := range []struct{ limits, requests Resources }{
		{Resources{"200m", "32Mi"}, Resources{"0", "0"}},
		{Ample, Resources{"5m", "24Mi"}},
		{Resources{"200m", "128Mi"}, Resources{"1m", "128Mi"}},
	} {
		r := pod.Spec.Containers[i].Resources
		if limits, requests := of(r.Limits), of(r.Requests); limits != want.limits || requests != want.requests {
			t.Errorf("container %d: expected %v, found limits %v, requests %v", i, want, limits, requests)
		}
	}
}
