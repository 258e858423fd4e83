package session

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
)

// kubelet changes a Pod that is being deleted at each interval, and confirms its end
// after the last one.
type kubelet struct {
	node     string
	interval time.Duration
	changes  int
	confirms bool
}

func (k kubelet) work(t *testing.T, client dynamic.ResourceInterface, name string) {
	for range k.changes {
		<-time.After(k.interval)
		patch := `{"metadata": {"annotations": {"changed": "` + time.Now().String() + `"}}}`
		if _, err := client.Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			return // it was removed without the kubelet
		}
	}
	if k.confirms {
		<-time.After(k.interval)
		_ = client.Delete(t.Context(), name, metav1.DeleteOptions{}) // it may have been removed
	}
}

// TestAKubeletGetsTimeWhileItWorks: what it gets is counted from the last change of the
// pods, and bounded.
func TestAKubeletGetsTimeWhileItWorks(t *testing.T) {
	for name, tc := range map[string]struct {
		kubelets    map[string]kubelet // by the name of their Pod
		unconfirmed []string
		took        time.Duration
	}{
		"one that works for long":   {map[string]kubelet{"slow": {"n1", 8 * time.Second, 3, true}}, nil, 32 * time.Second},
		"one that is lost":          {map[string]kubelet{"lost": {"n1", 0, 0, false}}, []string{"lost on n1"}, confirmTimeout},
		"one that stops working":    {map[string]kubelet{"hung": {"n1", 8 * time.Second, 2, false}}, []string{"hung on n1"}, 16*time.Second + confirmTimeout},
		"one that does not confirm": {map[string]kubelet{"busy": {"n1", 8 * time.Second, 9, false}}, []string{"busy on n1"}, confirmLimit},
		"a lost and a slow one": {map[string]kubelet{"lost": {"n1", 0, 0, false}, "slow": {"n2", 9 * time.Second, 1, true}},
			[]string{"lost on n1"}, 18*time.Second + confirmTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{pods: "PodList"})
				r := &remover{client: client, run: "ab1cd"}
				var deleted []object
				for name, k := range tc.kubelets {
					obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"nodeName": k.node}}}
					obj.SetName(name)
					obj.SetNamespace("ns")
					obj.SetUID(types.UID(name))
					obj.SetLabels(map[string]string{RunLabel: r.run})
					now := metav1.Now()
					obj.SetDeletionTimestamp(&now)
					if err := client.Tracker().Create(pods, obj, "ns"); err != nil {
						t.Fatal(err)
					}
					deleted = append(deleted, objectOf(pods, obj))
				}
				var working sync.WaitGroup
				for name, k := range tc.kubelets {
					working.Go(func() { k.work(t, client.Resource(pods).Namespace("ns"), name) })
				}
				begin := time.Now()
				r.awaitPods(t.Context(), "ns", deleted)
				took, out := time.Since(begin), r.outcome()
				working.Wait()
				if !slices.Equal(out.Unconfirmed, tc.unconfirmed) || out.Err != nil {
					t.Errorf("expected %q, found %+v", tc.unconfirmed, out)
				}
				if took < tc.took || took > tc.took+time.Second {
					t.Errorf("expected that it takes %s, found %s", tc.took, took)
				}
				if left, err := r.ofRun(t.Context(), pods, "ns"); len(left) > 0 || err != nil {
					t.Errorf("expected no pods, found %v, %v", left, err)
				}
			})
		})
	}
}

// TestTheNamespaceControllerIsNotifiedOfTheEndOfSlowPods: it would look again after half of the
// grace period that their spec has.
func TestTheNamespaceControllerIsNotifiedOfTheEndOfSlowPods(t *testing.T) {
	for took, patches := range map[time.Duration]bool{2 * time.Second: false, 8 * time.Second: true} {
		t.Run(took.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pod, ns := &unstructured.Unstructured{}, &unstructured.Unstructured{}
				pod.SetAPIVersion("v1")
				pod.SetKind("Pod")
				pod.SetName("slow")
				pod.SetNamespace("ns")
				ns.SetAPIVersion("v1")
				ns.SetKind("Namespace")
				ns.SetName("ns")
				ns.SetUID("1")
				client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{pods: "PodList"}, pod, ns)
				var working sync.WaitGroup
				working.Go(func() { kubelet{interval: took, confirms: true}.work(t, client.Resource(pods).Namespace("ns"), "slow") })
				r := &remover{client: client, run: "ab1cd"}
				r.removeNamespace(t.Context(), "ns", []object{objectOf(namespaces, ns)})
				working.Wait()
				patched := false
				for _, a := range client.Actions() {
					patched = patched || a.Matches("patch", "namespaces")
				}
				if patched != patches {
					t.Errorf("expected a change of the namespace: %t, found %t", patches, patched)
				}
			})
		})
	}
}
