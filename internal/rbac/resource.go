package rbac

import (
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// ResourceOf is the resource of a kind, by Kubernetes's rule for plurals, which
// all built-in kinds follow.
func ResourceOf(kind schema.GroupVersionKind) schema.GroupResource {
	plural, _ := meta.UnsafeGuessKindToResource(kind)
	return plural.GroupResource()
}

// Lookup finds a built-in resource by the name that kubectl's users give it:
// pods, pod, po, deployments.apps. It contacts no cluster, so it does not know what
// custom resources call themselves, unless the name has their group.
func Lookup(name string) (schema.GroupResource, bool) {
	name = strings.ToLower(name)
	if long, ok := shortNames[name]; ok {
		name = long
	}
	if found, ok := builtIn()[name]; ok {
		return found, true
	}
	if plural, group, ok := strings.Cut(name, "."); ok {
		// deployments.v1.apps names the version, too.
		if version, rest, more := strings.Cut(group, "."); more && isVersion(version) {
			group = rest
		}
		if found, ok := builtIn()[plural]; ok && found.Group == group { // deployment.apps is singular
			return found, true
		}
		return schema.GroupResource{Group: group, Resource: plural}, true
	}
	return schema.GroupResource{}, false
}

func isVersion(s string) bool {
	return len(s) > 1 && s[0] == 'v' && s[1] >= '0' && s[1] <= '9'
}

// shortNames are what API servers list at discovery (the ShortNames methods of
// k8s.io/kubernetes/pkg/registry).
var shortNames = map[string]string{
	"cj": "cronjobs", "cm": "configmaps", "deploy": "deployments", "ds": "daemonsets", "ep": "endpoints", "ev": "events",
	"hpa": "horizontalpodautoscalers", "ing": "ingresses", "limits": "limitranges", "netpol": "networkpolicies",
	"no": "nodes", "ns": "namespaces", "pdb": "poddisruptionbudgets", "po": "pods", "pv": "persistentvolumes",
	"pvc": "persistentvolumeclaims", "quota": "resourcequotas", "rc": "replicationcontrollers", "rs": "replicasets",
	"sa": "serviceaccounts", "sc": "storageclasses", "sts": "statefulsets", "svc": "services",
}

// builtIn are the built-in resources by plural and singular. Where two groups
// have a name in common, the older group is meant, as kubectl means it; the
// group extensions is served no more.
var builtIn = sync.OnceValue(func() map[string]schema.GroupResource {
	var kinds []schema.GroupVersionKind
	for kind := range scheme.Scheme.AllKnownTypes() {
		if kind.Group != "extensions" && kind.Version != "__internal" {
			kinds = append(kinds, kind)
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupVersionKind) int { return strings.Compare(a.String(), b.String()) })
	names := map[string]schema.GroupResource{}
	for _, kind := range kinds {
		plural, singular := meta.UnsafeGuessKindToResource(kind)
		for _, name := range []string{plural.Resource, singular.Resource} {
			if _, taken := names[name]; !taken {
				names[name] = plural.GroupResource()
			}
		}
	}
	return names
})

// isCluster reports whether a built-in resource is in no Namespace. Custom
// resources are taken to be in one.
func isCluster(resource schema.GroupResource) bool {
	plural, _, _ := strings.Cut(resource.Resource, "/")
	return slices.Contains(clusterResources[resource.Group], plural)
}

// clusterResources are the built-in resources of scope Cluster, by group
// (`kubectl api-resources --namespaced=false` on v1.37 with all groups served).
var clusterResources = map[string][]string{
	"":                             {"componentstatuses", "namespaces", "nodes", "persistentvolumes"},
	"admissionregistration.k8s.io": {"mutatingadmissionpolicies", "mutatingadmissionpolicybindings", "mutatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings", "validatingwebhookconfigurations"},
	"apiextensions.k8s.io":         {"customresourcedefinitions"},
	"apiregistration.k8s.io":       {"apiservices"},
	"certificates.k8s.io":          {"certificatesigningrequests", "clustertrustbundles"},
	"flowcontrol.apiserver.k8s.io": {"flowschemas", "prioritylevelconfigurations"},
	"internal.apiserver.k8s.io":    {"storageversions"},
	"networking.k8s.io":            {"ingressclasses", "ipaddresses", "servicecidrs"},
	"node.k8s.io":                  {"runtimeclasses"},
	"rbac.authorization.k8s.io":    {"clusterrolebindings", "clusterroles"},
	"resource.k8s.io":              {"deviceclasses", "devicetaintrules", "resourceslices"},
	"scheduling.k8s.io":            {"priorityclasses"},
	"storage.k8s.io":               {"csidrivers", "csinodes", "storageclasses", "volumeattachments", "volumeattributesclasses"},
	"storagemigration.k8s.io":      {"storageversionmigrations"},
}
