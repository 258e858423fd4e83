package diagnose

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var noon = metav1.NewTime(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC))

// The texts are those of Kubernetes v1.37, as the e2e suite provoked them.
func silentNode(name string) corev1.Node {
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{
		Type: corev1.NodeReady, Status: corev1.ConditionUnknown, LastTransitionTime: noon,
		Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status.",
	}}}}
}

func onNode(name string, conditions ...corev1.PodCondition) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{NodeName: name}, Status: corev1.PodStatus{Conditions: conditions}}
}

func notReadySince(at metav1.Time) corev1.PodCondition {
	return corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: at}
}

func lostEvent(at metav1.Time) corev1.Event {
	return corev1.Event{Type: corev1.EventTypeWarning, Reason: "NodeNotReady", Message: "Node is not ready", FirstTimestamp: at, LastTimestamp: at}
}

func TestANodeThatIsGoneIsNamedWithItsConditionAndSinceWhen(t *testing.T) {
	node := silentNode("node-2")
	const why = "NodeStatusUnknown: Kubelet stopped posting node status, since 2026-11-26T12:00:00Z"
	for name, tc := range map[string]struct {
		evidence  Evidence
		node, why string
	}{
		"by the node itself": {Evidence{Pod: onNode("node-2"), Node: &node}, "node-2", why},
		"by the Event about the pod, where the node may not be read": {
			Evidence{Pod: onNode("node-2", notReadySince(noon)), Events: []corev1.Event{lostEvent(noon)}}, "node-2", "NodeNotReady: Node is not ready"},
		"for a pod that no node takes": {
			Evidence{Nodes: []corev1.Node{{}, node}, Pod: onNode("", corev1.PodCondition{
				Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available: 1 node(s) had untolerated taint(s)",
			})}, "", `Unschedulable: 0/3 nodes are available: 1 node(s) had untolerated taint(s); node "node-2" is not Ready: ` + why},
	} {
		c := tc.evidence.Cause()
		if c == nil || c.Node != tc.node || c.Why != tc.why || tc.node != "" && !strings.Contains(c.What, `node "node-2", which pod "p" is on, is not Ready`) {
			t.Errorf("%s: expected %q of node %q, found %+v", name, tc.why, tc.node, c)
		}
	}
}

func TestANodeThatIsDownIsACauseOfItsOwn(t *testing.T) {
	node := silentNode("node-2")
	c := Node(&node)
	if c == nil || c.Node != "node-2" || c.What != `node "node-2" is not Ready` || !c.Since.Equal(noon.Time) ||
		c.Why != "NodeStatusUnknown: Kubelet stopped posting node status, since 2026-11-26T12:00:00Z" || !strings.HasSuffix(c.Remedy, "describe node node-2") {
		t.Errorf("found %+v", c)
	}
	node.Status.Conditions[0].Status = corev1.ConditionTrue
	if c := Node(&node); c != nil {
		t.Errorf("expected no cause of a node that is Ready, found %v", c)
	}
}

func TestANodeThatIsBackIsNoCause(t *testing.T) {
	later := metav1.NewTime(noon.Add(time.Minute))
	for name, e := range map[string]Evidence{
		"the pod is Ready again": {Events: []corev1.Event{lostEvent(noon)}, Pod: onNode("node-2", corev1.PodCondition{
			Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: later})},
		"the pod was Ready, and is not, for another reason": {Events: []corev1.Event{lostEvent(noon)}, Pod: onNode("node-2", notReadySince(later))},
		"the pod has never been Ready":                      {Events: []corev1.Event{lostEvent(noon)}, Pod: onNode("node-2")},
	} {
		if ev := e.NodeLost(); ev != nil {
			t.Errorf("%s: expected no sign of a lost node, found %s", name, ev.Message)
		}
	}
}

func TestAPodThatIsTakenAway(t *testing.T) {
	for reason, message := range map[string]string{
		"EvictionByEvictionAPI":  "Eviction API: evicting",
		"PreemptionByScheduler":  "default-scheduler: preempting to accommodate a higher priority pod",
		"DeletionByTaintManager": "Taint manager: deleting due to NoExecute taint",
		"TerminationByKubelet":   "The node was low on resource: memory.",
	} {
		pod := onNode("node-1", corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason, Message: message, LastTransitionTime: noon})
		c := Disruption(pod)
		if c == nil || c.What != `pod "p" was evicted from node "node-1"` || c.Why != reason+": "+message || c.Outlook != Hopeless {
			t.Errorf("%s: found %+v", reason, c)
		}
	}
	if c := Disruption(onNode("node-1", notReadySince(noon))); c != nil {
		t.Errorf("expected no cause of a pod that stays, found %v", c)
	}
}

func TestAVolumeThatWaitsForTheAPIServerMayPass(t *testing.T) {
	e := Evidence{Pod: onNode("node-1"), Events: []corev1.Event{{
		Type: corev1.EventTypeWarning, Reason: "FailedMount", FirstTimestamp: noon, LastTimestamp: noon,
		Message: `MountVolume.SetUp failed for volume "kube-api-access-bfqtf" : failed to fetch token: Post "https://10.89.0.1:6443/": dial tcp 10.89.0.1:6443: connect: connection refused`,
	}}}
	if c := e.Cause(); c == nil || c.Outlook != Slow || !strings.Contains(c.What, "cannot get the contents of a volume from the API server") {
		t.Errorf("found %+v", c)
	}
}

func TestTheKubeletThatIsNotReachedIsThatOfANode(t *testing.T) {
	const stderr = "Error from server: error dialing backend: dial tcp 10.89.0.3:10250: connect: no route to host"
	if c := (Connection{Node: "node-2"}).Output(stderr); c == nil || c.What != `the API server cannot reach the kubelet of node "node-2" at 10.89.0.3:10250` {
		t.Errorf("found %+v", c)
	}
}
