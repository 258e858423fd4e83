package reach

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func node(change func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1", Labels: map[string]string{corev1.LabelOSStable: "linux"}}}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	change(n)
	return n
}

func taint(effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "x", Effect: effect}} }
}

func TestNodesThatAreSkipped(t *testing.T) {
	for name, tc := range map[string]struct {
		node                *corev1.Node
		plainly, tolerating string // what is said of it
	}{
		"ready": {node(func(*corev1.Node) {}), "", ""},
		"not ready": {node(func(n *corev1.Node) {
			n.Status.Conditions[0].Status, n.Status.Conditions[0].Reason = corev1.ConditionUnknown, "NodeStatusUnknown"
		}), "not ready: NodeStatusUnknown", "not ready: NodeStatusUnknown"},
		"cordoned":    {node(func(n *corev1.Node) { n.Spec.Unschedulable = true }), "cordoned", "cordoned"},
		"windows":     {node(func(n *corev1.Node) { n.Labels[corev1.LabelOSStable] = "windows" }), "runs windows", "runs windows"},
		"tainted":     {node(taint(corev1.TaintEffectNoSchedule)), "tainted: dedicated=x:NoSchedule", ""},
		"no execute":  {node(taint(corev1.TaintEffectNoExecute)), "tainted: dedicated=x:NoExecute", ""},
		"discouraged": {node(taint(corev1.TaintEffectPreferNoSchedule)), "", ""},
	} {
		for tolerate, want := range map[bool]string{false: tc.plainly, true: tc.tolerating} {
			if got := skip(tc.node, tolerate); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
				t.Errorf("%s, tolerate %t: expected %q, found %q", name, tolerate, want, got)
			}
		}
	}
}

func TestWhatIsSeenOfAPodDecides(t *testing.T) {
	with := func(conditions ...corev1.PodCondition) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "reach-0"},
			Status:     corev1.PodStatus{Conditions: conditions, PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}, {IP: "fd00::1"}}},
		}
	}
	ended := with()
	ended.Status.Phase, ended.Status.Reason = corev1.PodFailed, "Evicted"
	imageless := with()
	imageless.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "sise", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "ErrImagePull", Message: "sise:9: not found",
	}}}}
	for name, tc := range map[string]struct {
		pod       *corev1.Pod
		decided   bool
		addresses int
		failed    string
	}{
		"on its way":  {with(corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse}), false, 0, ""},
		"ready":       {with(corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}), true, 2, ""},
		"no room":     {with(corev1.PodCondition{Type: corev1.PodScheduled, Reason: corev1.PodReasonUnschedulable, Message: "Too many pods"}), true, 0, "not scheduled: Too many pods"},
		"evicted":     {ended, true, 0, "Evicted"},
		"no image":    {imageless, true, 0, "--image NAME=REF"},
		"was deleted": {nil, true, 0, "deleted by somebody else"},
	} {
		n := &Node{}
		if decided := n.observe(tc.pod); decided != tc.decided || len(n.Addresses) != tc.addresses || !strings.Contains(n.Failed, tc.failed) || (tc.failed == "") != (n.Failed == "") {
			t.Errorf("%s: found decided %t, %+v", name, decided, n)
		}
	}
}
