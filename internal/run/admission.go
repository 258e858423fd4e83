package run

import (
	"context"
	"errors"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	_, err := s.Admits(ctx, plainPod())
	return err != nil && session.ViolatesRestricted(err.Error())
}

// MayAdmit reports whether what admission says of a Pod that it denied with a patch is that it wants more of
// what a patch has.
func MayAdmit(patch podpatch.Patch, denied string) bool {
	return !patch.Hardened && session.ViolatesRestricted(denied) || patch.Fit(denied) != patch
}

// admission is what admission requires of Pods, and gives them.
type admission struct {
	// Patch is the least with which Pods are admitted.
	Patch podpatch.Patch
	// Container is what a container without resources of its own requests and is limited to:
	// those of the patch, or the defaults of a LimitRange.
	Container corev1.ResourceRequirements
}

// admits finds what admission in a session's Namespace requires, whoever decides that: Pod Security
// admission, a quota, a LimitRange, a policy engine, or OpenShift, which sets the user of Pods itself and
// refuses every other. Where no patch helps, it is none, and the first command meets the refusal.
func admits(ctx context.Context, s *session.Session, pullSecret string) (admission, error) {
	plain := podpatch.Patch{PullSecret: pullSecret}
	for _, patch := range patches(plain) {
		for range fits {
			pod := plainPod()
			if err := patch.Pod(pod); err != nil {
				return admission{}, err
			}
			admitted, denied := s.Admits(ctx, pod)
			if denied == nil {
				return admission{patch, admitted.Spec.Containers[0].Resources}, nil
			}
			if !isDecision(denied) {
				return admission{Patch: plain}, nil
			}
			fitting := patch.Fit(denied.Error())
			if fitting == patch {
				break
			}
			patch = fitting
		}
	}
	return admission{Patch: plain}, nil
}

// patches are those to try, the least first.
func patches(plain podpatch.Patch) (all []podpatch.Patch) {
	for _, patch := range []podpatch.Patch{plain, plain.Sized(), plain.Guaranteed()} {
		hardened := patch
		hardened.Hardened = true
		byServer := hardened
		byServer.ServerUser = true
		all = append(all, patch, hardened, byServer)
	}
	return all
}

// isDecision reports whether admission has refused a Pod, and may decide otherwise on another. A webhook that
// does not answer has not.
func isDecision(denied error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](denied)
	return ok && status.ErrStatus.Code < http.StatusInternalServerError
}

// fits is how often what a Pod requests is changed: for a quota, and for each rule of a LimitRange.
const fits = 4

// Admit looks again at what admission requires of Pods: whether it is more than before.
func (e *Environment) Admit(ctx context.Context) bool {
	found, err := admits(ctx, e.Session, e.Patch.PullSecret)
	if err != nil || found.Patch == e.Patch {
		return false
	}
	e.admission = found
	return true
}
