package e2e

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	apiwait "k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// podTimeout bounds the wait for a Pod; on a cluster that pulls images, that is
// what takes long.
const podTimeout = 2 * time.Minute

// fixture is a Namespace of a test's own, with what it needs to use it.
type fixture struct {
	t       *testing.T
	session *session.Session
	kubectl *kubectl.Kubectl
	// image is the shell image of the examples: it serves, and it asks.
	image string
}

// newFixture creates a Namespace that is removed when the test ends, however it ends.
func newFixture(t *testing.T, name string) *fixture {
	t.Helper()
	cfg, err := kube.ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.Open(t.Context(), cfg, name, "", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c := s.Close(context.Background()); c.Err != nil {
			t.Errorf("%v; remove it with: %s", c.Err, c.RemoveCommand)
		}
	})
	pods, err := example.Load(examples.FS, "pods")
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{t: t, session: s, kubectl: kubectl.New(kube, s.Namespace, s.Wrap), image: pods.Image("shell")}
}

func client(t *testing.T) kubernetes.Interface {
	t.Helper()
	cfg, err := kube.ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	c, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// schedulableNodes returns the names of the Nodes that can run a plain Pod.
func schedulableNodes(ctx context.Context, t *testing.T) []string {
	t.Helper()
	nodes, err := client(t).CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range nodes.Items {
		if isSchedulable(&n) {
			names = append(names, n.Name)
		}
	}
	if len(names) == 0 {
		t.Fatal("the cluster has no schedulable node")
	}
	return names
}

// isSchedulable reports whether a Node can run a plain Pod.
func isSchedulable(n *corev1.Node) bool {
	ready := slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
	tainted := slices.ContainsFunc(n.Spec.Taints, func(taint corev1.Taint) bool {
		return taint.Effect != corev1.TaintEffectPreferNoSchedule
	})
	return ready && !tainted && !n.Spec.Unschedulable
}

// eventually waits for what no watch shows. Cleanups wait, too, when the test's own context
// has ended.
func eventually(t *testing.T, what string, holds func(context.Context) bool) {
	t.Helper()
	err := apiwait.PollUntilContextTimeout(context.Background(), 50*time.Millisecond, podTimeout, true,
		func(ctx context.Context) (bool, error) { return holds(ctx), nil })
	if err != nil {
		t.Fatalf("expected that %s: %v", what, err)
	}
}

// awaitNode waits until a Node can run Pods again, for the tests that come after one
// in which it could not.
func awaitNode(t *testing.T, name string) {
	t.Helper()
	eventually(t, "node "+name+" is schedulable again", func(ctx context.Context) bool {
		node, err := client(t).CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		return err == nil && isSchedulable(node)
	})
}

// awaitLease waits until the kubelet of a Node has renewed its lease after a time; it does so
// every ten seconds.
func awaitLease(t *testing.T, node string, after time.Time) {
	t.Helper()
	eventually(t, "the lease of "+node+" is renewed", func(ctx context.Context) bool {
		lease, err := client(t).CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, node, metav1.GetOptions{})
		return err == nil && lease.Spec.RenewTime.After(after)
	})
}

// createQuota creates a ResourceQuota, and waits until the controller has counted what the
// Namespace uses: before that, admission lets nothing in, for another reason.
func createQuota(t *testing.T, namespace, name string, hard corev1.ResourceList) {
	t.Helper()
	quotas := client(t).CoreV1().ResourceQuotas(namespace)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ResourceQuotaSpec{Hard: hard}}
	if _, err := quotas.Create(t.Context(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the quota has a status", func(ctx context.Context) bool {
		q, err := quotas.Get(ctx, name, metav1.GetOptions{})
		return err == nil && len(q.Status.Hard) > 0
	})
}

// start creates a Pod and waits until it is Ready.
func (f *fixture) start(pod *corev1.Pod) *corev1.Pod {
	f.t.Helper()
	pods := client(f.t).CoreV1().Pods(f.session.Namespace)
	if _, err := pods.Create(f.t.Context(), pod, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := wait.WithTimeout(f.t.Context(), podTimeout)
	defer cancel()
	ready := wait.StatusCondition("Ready", "True")
	current := &corev1.Pod{}
	err := wait.For(ctx, f.session.Client().Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(f.session.Namespace), pod.Name,
		func(obj *unstructured.Unstructured) (bool, error) {
			if obj == nil {
				return false, nil
			}
			current = &corev1.Pod{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, current); err != nil {
				return false, err
			}
			if c := (diagnose.Evidence{Pod: current}).Cause(); c != nil && c.Ends(false) {
				return false, c
			}
			return ready(obj)
		})
	if err != nil {
		f.t.Fatalf("pod %q: expected it Ready: %v", pod.Name, err)
	}
	return current
}

// server is a Pod of the service, client one with curl, on a Node.
func (f *fixture) server(name, node string) *corev1.Pod {
	return f.pod(name, node, f.sise("0.5.0"))
}

// sise is a container of the service, which listens when it is ready.
func (f *fixture) sise(version string) corev1.Container {
	return reach.ServiceContainer("sise", f.image, version, 9876)
}

func (f *fixture) client(name, node string) *corev1.Pod {
	return f.pod(name, node, f.shell())
}

func (f *fixture) shell() corev1.Container {
	return corev1.Container{Name: "shell", Image: f.image, Command: []string{"sleep", "infinity"}}
}

func (f *fixture) pod(name, node string, containers ...corev1.Container) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.PodSpec{Containers: containers},
	}
	if node != "" {
		pod.Spec.NodeSelector = map[string]string{corev1.LabelHostname: node}
	}
	return pod
}

// info is the service's answer on /info.
type info struct{ Host, Version, From string }

// curl asks for /info from within the container shell of a Pod, with a Host header of its own
// where host is not empty.
func (f *fixture) curl(pod, url, host string) info {
	f.t.Helper()
	args := []string{"exec", pod, "-c", "shell", "--", "curl", "-sS", "--max-time", "10"}
	if host != "" {
		args = append(args, "-H", "Host: "+host)
	}
	res := f.run(append(args, url)...)
	var got info
	if err := json.Unmarshal([]byte(res.Stdout), &got); err != nil {
		f.t.Fatalf("curl %s in pod %q: expected JSON, found %q: %v", url, pod, res.Stdout, err)
	}
	return got
}

// run runs a kubectl command that must succeed.
func (f *fixture) run(args ...string) kubectl.Result {
	f.t.Helper()
	res, err := f.kubectl.Run(f.t.Context(), args...)
	if err != nil {
		f.t.Fatal(err)
	}
	if res.ExitCode != 0 {
		f.t.Fatalf("kubectl %v: exit code %d: %s%s", args, res.ExitCode, res.Stdout, res.Stderr)
	}
	return res
}
