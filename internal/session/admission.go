package session

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// EnforcesRestricted reports whether admission in the run's Namespace enforces
// the Pod Security Standard restricted. The label of the Namespace would not
// tell: the default of the cluster may enforce it as well. So the API server is
// asked to admit a plain Pod, without creating it. Another refusal is not
// looked at here; the first command will meet it.
func (s *Session) EnforcesRestricted(ctx context.Context) bool {
	pod := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   map[string]any{"generateName": "kbe-admission-"},
		"spec": map[string]any{
			"containers": []any{map[string]any{"name": "plain", "image": "plain"}},
		},
	}}
	_, err := s.client.Resource(pods).Namespace(s.Namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), `violates PodSecurity "restricted`)
}
