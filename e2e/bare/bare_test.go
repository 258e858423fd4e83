//go:build linux

package bare

import (
	"context"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/apiserver"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// bench is an API server, and what its administrator sees.
type bench struct {
	server *apiserver.Server
	admin  kubernetes.Interface
}

// TestBareAPIServer shares one API server between all tests, for it takes longer to
// start than most of them.
func TestBareAPIServer(t *testing.T) {
	server := apiserver.Start(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // of runs; kbe-cluster has its parts in that of the user
	b := &bench{server, kubernetes.NewForConfigOrDie(server.Config)}
	t.Run("a run's own namespace is created and removed", b.testOwnNamespace)
	t.Run("in a namespace of others only the run's objects are removed", b.testOthersBeside)
	t.Run("a part of a run is removed alone", b.testPart)
	t.Run("a killed run is found and removed", b.testKilledRun)
	t.Run("a namespace that is stuck terminating is reported", b.testStuckNamespace)
	t.Run("pods whose kubelet is silent are unconfirmed", b.testUnconfirmed)
	t.Run("pods are watched from those that exist to their deletion", b.testWatchPods)
	t.Run("a run ends with its cleanup and its verdict", b.testRun)
	t.Run("a run finds what admission requires of its pods", b.testAdmission)
	t.Run("a wait begins and ends with its object", b.testWait)
	t.Run("a wait outlives an expired resource version", b.testExpiredVersion)
	t.Run("a create outlives a restart of the API server", b.testRestart)
}

// open begins a run whose clients retry, as kubectl kbe does.
func (b *bench) open(t *testing.T, namespace string, opts session.Options) (*session.Session, *session.Retrier) {
	t.Helper()
	retrier := &session.Retrier{}
	cfg := rest.CopyConfig(b.server.Config)
	retrier.Wrap(cfg)
	s, err := session.Open(t.Context(), cfg, "bare", namespace, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.WithoutCancel(t.Context())) })
	return s, retrier
}

// client is one whose objects are recorded by wrap, that of a run or of a part.
func (b *bench) client(retrier *session.Retrier, wrap func(*rest.Config)) kubernetes.Interface {
	cfg := rest.CopyConfig(b.server.Config)
	retrier.Wrap(cfg)
	wrap(cfg)
	return kubernetes.NewForConfigOrDie(cfg)
}

// namespace creates a Namespace of others.
func (b *bench) namespace(t *testing.T, name string) {
	t.Helper()
	if _, err := b.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func createConfigMap(t *testing.T, client kubernetes.Interface, namespace, name string) *corev1.ConfigMap {
	t.Helper()
	made, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// createPod creates a Pod; one with a node waits for its kubelet when it is deleted.
func createPod(t *testing.T, client kubernetes.Interface, namespace, name, node string) *corev1.Pod {
	t.Helper()
	made, err := client.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "c", Image: "i"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// expectConfigMaps checks which of some ConfigMaps of a Namespace exist.
func (b *bench) expectConfigMaps(t *testing.T, namespace string, want map[string]bool) {
	t.Helper()
	for name, exists := range want {
		_, err := b.admin.CoreV1().ConfigMaps(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
		if found := err == nil; found != exists {
			t.Errorf("configmap %q: expected that it exists: %t, found %t", name, exists, found)
		}
	}
}

// notes collects texts from several goroutines.
type notes struct {
	mu    sync.Mutex
	texts []string
	// added gets each text, as far as someone reads.
	added chan string
}

func newNotes() *notes { return &notes{added: make(chan string, 100)} }

func (n *notes) add(text string) {
	n.mu.Lock()
	n.texts = append(n.texts, text)
	n.mu.Unlock()
	n.added <- text
}

// await reads texts until one is as wanted.
func (n *notes) await(t *testing.T, is func(string) bool) {
	t.Helper()
	for {
		select {
		case text := <-n.added:
			if is(text) {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("found only %q", n.texts)
		}
	}
}
