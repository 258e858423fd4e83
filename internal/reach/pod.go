package reach

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/internal/service"
)

// port is the one that the service listens on.
const port = 9876

// containerName is that of the only container.
const containerName = "sise"

// pod is one of the run's, and what it must answer.
type pod struct {
	name string
	// nonce is the version that only this pod answers: it proves who it was.
	nonce string
	node  string
}

// newPod returns the i-th pod, for a node.
func (r *run) newPod(i int, node string) (*pod, *corev1.Pod, error) {
	p := &pod{name: fmt.Sprintf("reach-%d", i), nonce: r.session.ID + "-" + rand.String(12), node: node}
	object := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: p.name},
		Spec: corev1.PodSpec{
			Containers:                    []corev1.Container{service.Container(containerName, r.opts.Image, p.nonce, port)},
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  ptr.To(false),
			EnableServiceLinks:            ptr.To(false),
			TerminationGracePeriodSeconds: ptr.To(int64(1)),
			Affinity:                      affinity(node),
			Tolerations:                   r.tolerations(),
		},
	}
	return p, object, r.patch.Pod(object)
}

// affinity puts a pod on a node, as a DaemonSet does: the scheduler decides, and
// says so where it cannot.
func affinity(node string) *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{{
				Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
			}},
		}}},
	}}
}

// tolerations are for every taint of a node that is ready.
func (r *run) tolerations() []corev1.Toleration {
	if !r.opts.Tolerate {
		return nil
	}
	return []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
}

// answerer names who answers a version: one of the run's pods, or somebody else.
func (r *run) answerer(version string) string {
	for _, p := range r.pods {
		if p.nonce == version {
			return "the pod on " + p.node + " answered"
		}
	}
	return fmt.Sprintf("somebody else answered, with version %q", cmp.Or(version, "none"))
}
