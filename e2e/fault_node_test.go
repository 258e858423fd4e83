package e2e

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/types"
)

// nodeFaults are those of nodes, and of pods that are taken off them. Each has
// its own node.
var nodeFaults = []fault{
	{row: 14, name: "notready", how: "a pod for a node that has lost its power", code: 3,
		provoke: func(s *scene) []string {
			s.powerless("node-3")
			return s.pod(sleeper("node-3"))
		},
		want: []string{`pod "subject" is not scheduled`, `node "node-3" is not Ready: NodeStatusUnknown: Kubelet stopped posting node status, since 20`}},
	{row: 14, name: "notreadybound", how: "a pod that is bound to a node that has lost its power", code: 3,
		provoke: func(s *scene) []string {
			s.powerless("node-3")
			s.when, s.at = "pod/subject created", func(*exec.Cmd, io.Closer) { s.known = time.Now() }
			return s.pod(`
  nodeName: node-3
  containers: [{name: main, image: SHELL, command: [sleep, infinity]}]`)
		},
		want: []string{`node "node-3", which pod "subject" is on, is not Ready`, "NodeStatusUnknown: Kubelet stopped posting node status, since 20"}},
	{row: 28, name: "nodegone", how: "a node loses its power during an exec", code: 3,
		provoke: func(s *scene) []string {
			s.Cleanup(func() { s.power("node-2") })
			s.when, s.at = "$ kubectl exec subject", func(*exec.Cmd, io.Closer) { s.stop("node-2") }
			return s.pod(sleeper("node-2"), "exec subject -- sleep 600")
		},
		want: []string{`node "node-2", which pod "subject" is on, is not Ready`, "Kubelet stopped posting node status, since 20", "No kubelet confirmed that these pods stopped"}},
	{row: 27, name: "evicted", how: "the eviction API takes a pod away during an exec, once", code: 0, slow: true,
		provoke: func(s *scene) []string {
			s.when, s.at = "$ kubectl exec subject", func(*exec.Cmd, io.Closer) { s.evict() }
			return s.pod(sleeper("node-1"), "exec subject -- sleep 15")
		},
		want: []string{`pod "subject" was evicted from node "node-1" why EvictionByEvictionAPI: Eviction API: evicting`, "it runs again from the start", "✓ 0 of 0 claims hold"}},
	{row: 27, name: "evictedtwice", how: "the eviction API takes a pod away, and the one of the second attempt, too", code: 3, slow: true,
		provoke: func(s *scene) []string {
			s.when, s.at = "$ kubectl exec subject", func(*exec.Cmd, io.Closer) {
				s.evict()
				s.when, s.at = "$ kubectl exec subject", func(*exec.Cmd, io.Closer) { s.evict() }
			}
			return s.pod(sleeper("node-1"), "exec subject -- sleep 600")
		},
		want: []string{`why EvictionByEvictionAPI`, "it runs again from the start"}},
	{row: 27, name: "preempted", how: "a pod of higher priority takes the node", code: 3, slow: true,
		provoke: func(s *scene) []string {
			cpu := s.most("node-1")
			s.when, s.at = "$ kubectl exec subject", func(*exec.Cmd, io.Closer) { s.preempt("node-1", cpu) }
			return s.pod(fmt.Sprintf(`
  nodeSelector: {kubernetes.io/hostname: node-1}
  containers: [{name: main, image: SHELL, command: [sleep, infinity], resources: {requests: {cpu: %s}}}]`, cpu), "exec subject -- sleep 600")
		},
		want: []string{`pod "subject" was evicted from node "node-1" why PreemptionByScheduler`, "it runs again from the start", `pod "subject" is not scheduled: no node can run it (Unschedulable)`, "Insufficient cpu"}},
}

// restartFaults are those of the API server itself, which all other runs would feel.
var restartFaults = []fault{
	{row: 23, name: "restarted", how: "the API server is killed during an exec, and starts again", code: 0, slow: true,
		provoke: func(s *scene) []string {
			server := apiServer(s.T)
			s.when, s.at = "$ kubectl exec subject", func(*exec.Cmd, io.Closer) {
				if err := server.Kill(); err != nil {
					s.Error(err)
				}
			}
			return s.pod(sleeper("node-1"), "exec subject -- sleep 3", "get pod subject")
		},
		want: []string{"reconnecting", "Reconnected to the API server after", "✓ 0 of 0 claims hold"}},
}

// sleeper is a Pod that runs on a node.
func sleeper(node string) string {
	return fmt.Sprintf(`
  nodeSelector: {kubernetes.io/hostname: %s}
  containers: [{name: main, image: SHELL, command: [sleep, infinity]}]`, node)
}

func (s *scene) stop(node string) {
	if err := embedded.StopNode(s.Context(), &types.Node{Name: node}); err != nil {
		s.Error(err)
	}
}

// power boots a node that was stopped, and waits until it can run Pods again.
func (s *scene) power(node string) {
	if err := embedded.StartNode(context.Background(), &types.Node{Name: node}); err != nil {
		s.Error(err)
	}
	awaitNode(s.T, node)
}

// dark counts the tests that want a node without power.
var dark = struct {
	sync.Mutex
	tests map[string]int
}{tests: map[string]int{}}

// powerless stops a node until the test ends, and waits until the cluster knows.
func (s *scene) powerless(node string) {
	s.Helper()
	s.Cleanup(func() {
		dark.Lock()
		defer dark.Unlock()
		if dark.tests[node]--; dark.tests[node] == 0 {
			s.power(node)
		}
	})
	dark.Lock()
	dark.tests[node]++
	s.stop(node)
	dark.Unlock()
	eventually(s.T, node+" is not schedulable", func(ctx context.Context) bool { return !slices.Contains(schedulableNodes(ctx, s.T), node) })
}

// subject is the Pod of the run.
func (s *scene) subject() *corev1.Pod {
	pod, err := client(s.T).CoreV1().Pods(s.ownedNamespace()).Get(s.Context(), "subject", metav1.GetOptions{})
	if err != nil {
		s.Error(err)
		return nil
	}
	return pod
}

func (s *scene) evict() {
	pod := s.subject()
	if pod == nil {
		return
	}
	err := client(s.T).PolicyV1().Evictions(pod.Namespace).Evict(s.Context(), &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}, // the client uses this one
		DeleteOptions: metav1.NewDeleteOptions(1),
	})
	if err != nil {
		s.Error(err)
	}
}

// most is so much of a node's CPU that two Pods cannot have it.
func (s *scene) most(node string) string {
	s.Helper()
	n, err := client(s.T).CoreV1().Nodes().Get(s.Context(), node, metav1.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	return fmt.Sprintf("%dm", n.Status.Allocatable.Cpu().MilliValue()*6/10)
}

// preempt starts a Pod of high priority on a node, until the test ends.
func (s *scene) preempt(node, cpu string) {
	ctx, api := context.Background(), client(s.T)
	class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: s.name}, Value: 1000}
	if _, err := api.SchedulingV1().PriorityClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
		s.Error(err)
		return
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: s.name}, Spec: corev1.PodSpec{
		PriorityClassName: class.Name, NodeSelector: map[string]string{corev1.LabelHostname: node},
		Containers: []corev1.Container{{Name: "main", Image: s.image("shell"), Command: []string{"sleep", "infinity"},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}}},
	}}
	s.Cleanup(func() {
		zero := int64(0)
		if err := api.CoreV1().Pods("default").Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
			s.Error(err)
		}
		if err := api.SchedulingV1().PriorityClasses().Delete(ctx, class.Name, metav1.DeleteOptions{}); err != nil {
			s.Error(err)
		}
	})
	if _, err := api.CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		s.Error(err)
	}
}
