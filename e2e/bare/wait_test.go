//go:build linux

package bare

import (
	"context"
	"errors"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

var configMaps = corev1.SchemeGroupVersion.WithResource("configmaps")

// isDone holds for a ConfigMap with done=yes; a hopeless one is an error.
func isDone(obj *unstructured.Unstructured) (bool, error) {
	if obj == nil {
		return false, nil
	}
	value, _, _ := unstructured.NestedString(obj.Object, "data", "done")
	if value == "never" {
		return false, errHopeless
	}
	return value == "yes", nil
}

var errHopeless = errors.New("it says never")

// waiting waits in a goroutine, and notes each state that is judged: "" for no object,
// or its resource version.
func waiting(t *testing.T, client dynamic.ResourceInterface, name string, cond wait.Condition) (*notes, <-chan error) {
	t.Helper()
	judged, ended := newNotes(), make(chan error, 1)
	go func() {
		ended <- wait.For(t.Context(), client, name, func(obj *unstructured.Unstructured) (bool, error) {
			version := ""
			if obj != nil {
				version = obj.GetResourceVersion()
			}
			judged.add(version)
			return cond(obj)
		})
	}()
	return judged, ended
}

func (b *bench) setDone(t *testing.T, namespace, name, value string) string {
	t.Helper()
	ctx, client := t.Context(), b.admin.CoreV1().ConfigMaps(namespace)
	obj, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	obj.Data = map[string]string{"done": value}
	if obj, err = client.Update(ctx, obj, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	return obj.ResourceVersion
}

func (b *bench) testWait(t *testing.T) {
	const namespace = "wait"
	b.namespace(t, namespace)
	client := dynamic.NewForConfigOrDie(b.server.Config).Resource(configMaps).Namespace(namespace)
	judged, ended := waiting(t, client, "a", isDone)
	judged.await(t, func(version string) bool { return version == "" }) // it does not exist yet
	made := createConfigMap(t, b.admin, namespace, "a")
	judged.await(t, func(version string) bool { return version == made.ResourceVersion })
	b.setDone(t, namespace, "a", "yes")
	if err := <-ended; err != nil {
		t.Errorf("expected that the condition holds, found %v", err)
	}
	judged, ended = waiting(t, client, "a", wait.Deleted)
	judged.await(t, func(version string) bool { return version != "" })
	if err := b.admin.CoreV1().ConfigMaps(namespace).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("expected that the deletion is noticed, found %v", err)
	}
	createConfigMap(t, b.admin, namespace, "b")
	judged, ended = waiting(t, client, "b", isDone)
	judged.await(t, func(version string) bool { return version != "" })
	b.setDone(t, namespace, "b", "never")
	if err := <-ended; !errors.Is(err, errHopeless) {
		t.Errorf("expected the condition's error, found %v", err)
	}
	cfg := rest.CopyConfig(b.server.Config)
	cfg.Impersonate.UserName = "somebody"
	refused := dynamic.NewForConfigOrDie(cfg).Resource(configMaps).Namespace(namespace)
	if err := wait.For(t.Context(), refused, "b", isDone); !apierrors.IsForbidden(err) {
		t.Errorf("expected that a refusal ends the wait, found %v", err)
	}
	ctx, cancel := wait.WithTimeout(t.Context(), 1)
	defer cancel()
	if err := wait.For(ctx, client, "missing", isDone); !errors.Is(err, wait.ErrTimeout) {
		t.Errorf("expected a time-out, found %v", err)
	}
}

// counting counts the plain reads of a client.
type counting struct {
	next  http.RoundTripper
	reads chan struct{}
}

func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	if !req.URL.Query().Has("watch") {
		c.reads <- struct{}{}
	}
	return c.next.RoundTrip(req)
}

// testExpiredVersion: a watch breaks off, and the API server forgets the changes since its
// version; the object must be read again.
func (b *bench) testExpiredVersion(t *testing.T) {
	const namespace = "expired"
	b.namespace(t, namespace)
	createConfigMap(t, b.admin, namespace, "a")
	cfg := rest.CopyConfig(b.server.Config)
	(&session.Retrier{}).Wrap(cfg)
	reads := make(chan struct{}, 100)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, reads} })
	client := dynamic.NewForConfigOrDie(cfg).Resource(configMaps).Namespace(namespace)
	judged, ended := waiting(t, client, "a", isDone)
	<-reads
	judged.await(t, func(version string) bool { return version != "" })
	createConfigMap(t, b.admin, namespace, "other") // a later version than that of the watch
	b.server.Stop()
	b.server.Compact(t)
	b.server.Restart(t)
	<-reads // again, after the watch has broken off
	b.server.AwaitReady(t)
	last := b.setDone(t, namespace, "a", "yes")
	judged.await(t, func(version string) bool { return version == last })
	if err := <-ended; err != nil {
		t.Errorf("expected that the wait goes on, found %v", err)
	}
}

func (b *bench) testWatchPods(t *testing.T) {
	const namespace = "watched"
	b.namespace(t, namespace)
	s, _ := b.open(t, namespace, session.Options{})
	createPod(t, b.admin, namespace, "first", "")
	seen := newNotes()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.WatchPods(ctx, func(p *corev1.Pod) { seen.add(p.Name) })
	}()
	seen.await(t, func(name string) bool { return name == "first" })
	createPod(t, b.admin, namespace, "second", "")
	seen.await(t, func(name string) bool { return name == "second" })
	if err := b.admin.CoreV1().Pods(namespace).Delete(t.Context(), "first", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	seen.await(t, func(name string) bool { return name == "first" })
	cancel()
	<-ended
}
