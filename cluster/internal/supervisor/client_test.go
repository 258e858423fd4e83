package supervisor

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestNotReady(t *testing.T) {
	condition := func(status corev1.ConditionStatus, reason, message string) []corev1.NodeCondition {
		return []corev1.NodeCondition{{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse}, {Type: corev1.NodeReady, Status: status, Reason: reason, Message: message}}
	}
	for name, c := range map[string]struct {
		conditions []corev1.NodeCondition
		taints     []corev1.Taint
		want       string
	}{
		"Ready":            {condition(corev1.ConditionTrue, "KubeletReady", ""), nil, ""},
		"Ready, and taint": {condition(corev1.ConditionTrue, "KubeletReady", ""), []corev1.Taint{{Key: corev1.TaintNodeNotReady}}, "node node-1 still has the taint node.kubernetes.io/not-ready"},
		"not Ready":        {condition(corev1.ConditionFalse, "KubeletNotReady", "no network plugin"), nil, "node node-1 is not Ready: KubeletNotReady: no network plugin"},
		"silent":           {nil, nil, "node node-1 has no condition Ready: its kubelet did not report yet"},
	} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Spec: corev1.NodeSpec{Taints: c.taints}, Status: corev1.NodeStatus{Conditions: c.conditions}}
		if err := notReady(node); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s: expected %q, found %v", name, c.want, err)
		}
	}
}

func TestExplain(t *testing.T) {
	culprit := &componentError{"node-1/kubelet", errors.New("ended 3 times")}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(culprit)
	if err := explain(ctx, errors.New("what followed")); !errors.Is(err, culprit) {
		t.Errorf("a start that was given up: expected the reason, found %v", err)
	}
	if err := explain(ctx, nil); err != nil {
		t.Errorf("a start that succeeded: found %v", err)
	}
	own := errors.New("its own")
	if err := explain(t.Context(), own); !errors.Is(err, own) {
		t.Errorf("expected the error itself, found %v", err)
	}
}
