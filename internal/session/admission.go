package session

import (
	"context"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// unfinished is how OpenShift refuses the Pods of a Namespace so new that its controllers
// have not annotated it yet (openshift/apiserver-library-go, pkg/securitycontextconstraints).
var unfinished = regexp.MustCompile(`unable to find annotation openshift\.io/`)

// Admits checks with a dry run whether the API server would admit a Pod in the run's Namespace, without
// creating it, and returns it as admitted; the error says why not. In a Namespace that the run has
// created, it gives the cluster's controllers the time that they need for it.
func (s *Session) Admits(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, error) {
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return nil, err
	}
	object["apiVersion"], object["kind"] = "v1", "Pod"
	for begin, pace := time.Now(), backoff(); ; {
		admitted, err := s.client.Resource(pods).Namespace(s.Namespace).Create(ctx, &unstructured.Unstructured{Object: object},
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil {
			var pod corev1.Pod
			return &pod, runtime.DefaultUnstructuredConverter.FromUnstructured(admitted.Object, &pod)
		}
		if !s.Owned || !unfinished.MatchString(err.Error()) || time.Since(begin) > readyTimeout || !pause(ctx, min(pace.Step(), slowest)) {
			return nil, err
		}
	}
}

// ViolatesRestricted reports whether the API server says that a Pod violates the Pod
// Security Standard restricted, which its Namespace enforces.
func ViolatesRestricted(said string) bool {
	return strings.Contains(said, `violates PodSecurity "restricted`)
}
