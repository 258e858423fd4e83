package run

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// PlainContainer is the name of the container of a plain Pod.
const PlainContainer = "plain"

// plainPod is a Pod that says nothing about its security and its resources. Its image is one of the run, or ""
// where that has none: policies may decide by it.
func plainPod(image string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "kbe-admission-"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: PlainContainer, Image: cmp.Or(image, "plain")}}},
	}
}

// EnforcesRestricted reports whether Pod Security admission enforces the standard restricted
// in a session's Namespace. Its label does not show it: the default of the cluster may. The error says
// what else denies a plain Pod, so that it is not known.
func EnforcesRestricted(ctx context.Context, s *session.Session, image string) (bool, error) {
	_, denied := admits(ctx, s, podpatch.Patch{}, image)
	if denied == nil || session.ViolatesRestricted(denied.Error()) {
		return denied != nil, nil
	}
	return false, denied
}

// MayAdmit reports whether what admission says of a Pod that it denied with a patch is that it wants more of
// what a patch has.
func MayAdmit(patch podpatch.Patch, denied string) bool {
	return !patch.Hardened && session.ViolatesRestricted(denied) || patch.Fit(denied) != patch
}

// admission is what admission requires of Pods, and makes of them.
type admission struct {
	// Patch is the least with which Pods are admitted.
	Patch podpatch.Patch
	// Plain is a plain Pod as it is admitted: with the defaults of a LimitRange, and the containers
	// that admission adds.
	Plain corev1.PodSpec
}

// require finds what admission in a session's Namespace requires, whoever decides that: Pod Security
// admission, a quota, a LimitRange, a policy engine, or OpenShift, which sets the user of Pods itself and
// refuses every other. Where no patch helps, isAdmitted is false: the patch is then the one that all but
// a quota without room have taken, or none, and the first command meets the refusal.
func require(ctx context.Context, s *session.Session, pullSecret, image string) (found admission, isAdmitted bool) {
	least := podpatch.Patch{PullSecret: pullSecret}
	found = admission{Patch: least, Plain: plainPod(image).Spec}
	isKnown := false
	for _, patch := range patches(least) {
		tried, denied := admits(ctx, s, patch, image)
		switch {
		case denied == nil:
			return tried, true
		case !isDecision(denied):
			return found, false
		case !isKnown && (tried.Patch != patch || isFull(denied)):
			found, isKnown = tried, true
		}
	}
	return found, false
}

// patches are those to try, the least first.
func patches(least podpatch.Patch) (all []podpatch.Patch) {
	for _, patch := range []podpatch.Patch{least, least.Sized(), least.Guaranteed()} {
		hardened := patch
		hardened.Hardened = true
		byServer := hardened
		byServer.ServerUser = true
		all = append(all, patch, hardened, byServer)
	}
	return all
}

// tries is how many patches are tried in a row: one for a quota, and one for each rule of a LimitRange.
const tries = 4

// admits tries a patch, and as long as a quota or a LimitRange says what it lacks, one that has that, too. It
// returns the last one, and why a Pod with it is denied.
func admits(ctx context.Context, s *session.Session, patch podpatch.Patch, image string) (tried admission, denied error) {
	for range tries {
		pod := plainPod(image)
		if err := patch.Pod(pod); err != nil {
			return tried, err
		}
		tried = admission{patch, pod.Spec}
		admitted, err := s.Admits(ctx, pod)
		if err == nil {
			tried.Plain = admitted.Spec
			return tried, nil
		}
		denied = err
		if patch = patch.Fit(denied.Error()); patch == tried.Patch {
			break
		}
	}
	return tried, denied
}

// undecided is what admission says that would say the same of any Pod: a webhook decides on no dry run, or a
// quota is not counted yet.
var undecided = regexp.MustCompile(`does not support dry run|status unknown for quota`)

// isDecision reports whether admission has refused a Pod, and may decide otherwise on another. A webhook that
// does not answer has not.
func isDecision(denied error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](denied)
	return ok && status.ErrStatus.Code < http.StatusInternalServerError && !undecided.MatchString(denied.Error())
}

// isFull reports whether a quota has refused a Pod because it is used up. Quotas come last in admission.
func isFull(denied error) bool { return strings.Contains(denied.Error(), "exceeded quota") }

// Admit looks again at what admission requires of Pods: whether it is more than before.
func (e *Environment) Admit(ctx context.Context) bool {
	found, isAdmitted := require(ctx, e.Session, e.Patch.PullSecret, e.Image)
	if !isAdmitted || found.Patch == e.Patch {
		return false
	}
	e.admission = found
	return true
}
