package run

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// plainPod is a Pod that says nothing about its security.
func plainPod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "kbe-admission-"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "plain", Image: "plain"}}},
	}
}

// EnforcesRestricted reports whether Pod Security admission enforces the standard restricted
// in a session's Namespace. Its label does not show it: the default of the cluster may.
func EnforcesRestricted(ctx context.Context, s *session.Session) bool {
	err := s.Admits(ctx, plainPod())
	return err != nil && session.ViolatesRestricted(err.Error())
}

// admitted is the least patch with which Pods are admitted in a session's Namespace, whoever
// decides that: Pod Security admission, a policy engine, or OpenShift, which sets the user of
// Pods itself and refuses every other. Where none is, no patch helps, and the first command
// meets the refusal.
func admitted(ctx context.Context, s *session.Session, pullSecret string) (podpatch.Patch, error) {
	plain := podpatch.Patch{PullSecret: pullSecret}
	for _, patch := range []podpatch.Patch{
		plain,
		{Hardened: true, PullSecret: pullSecret},
		{Hardened: true, ServerUser: true, PullSecret: pullSecret},
	} {
		pod := plainPod()
		if err := patch.Pod(pod); err != nil {
			return plain, err
		}
		if s.Admits(ctx, pod) == nil {
			return patch, nil
		}
	}
	return plain, nil
}

// Admit looks again at what admission requires of Pods: whether it is more than before.
func (e *Environment) Admit(ctx context.Context) bool {
	patch, err := admitted(ctx, e.Session, e.Patch.PullSecret)
	if err != nil || patch == e.Patch {
		return false
	}
	e.Patch = patch
	return true
}
