package session

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// staleAPI is an aggregated API that is down, in the words of the namespace controller.
var staleAPI = regexp.MustCompile(`([a-z0-9.-]+/v[0-9a-z]+): (?:stale GroupVersion discovery|the server is currently unable)`)

// staleAPIs are the aggregated APIs, as GROUP/VERSION, that hold the deletion of a
// Namespace, which may be nil.
func staleAPIs(ns *unstructured.Unstructured) (apis []string) {
	for _, c := range trueConditions(ns, string(corev1.NamespaceDeletionDiscoveryFailure)) {
		for _, m := range staleAPI.FindAllStringSubmatch(c, -1) {
			apis = append(apis, m[1])
		}
	}
	return apis
}

// DescribeAPI is the command that shows why an aggregated API, GROUP/VERSION, is down.
func DescribeAPI(api string) string {
	group, version, _ := strings.Cut(api, "/")
	return "kubectl describe apiservice " + version + "." + group
}
