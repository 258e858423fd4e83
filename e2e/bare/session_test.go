//go:build linux

package bare

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

func (b *bench) testOwnNamespace(t *testing.T) {
	s, retrier := b.open(t, "", session.Options{Enforce: "baseline"})
	ns, err := b.admin.CoreV1().Namespaces().Get(t.Context(), s.Namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if ns.Name != "kbe-bare-"+s.ID || ns.Labels[session.RunLabel] != s.ID || ns.Labels["pod-security.kubernetes.io/enforce"] != "baseline" || !s.Owned {
		t.Errorf("expected a namespace of the run's own, found %+v", ns.ObjectMeta)
	}
	client := b.client(retrier, s.Wrap)
	createConfigMap(t, client, s.Namespace, "ours")
	if out := s.Close(t.Context()); out.Err != nil || len(out.Leftovers)+len(out.Unconfirmed) > 0 {
		t.Errorf("expected that nothing is left, found %+v", out)
	}
	if _, err := b.admin.CoreV1().Namespaces().Get(t.Context(), s.Namespace, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("expected that namespace %s no longer exists, found %v", s.Namespace, err)
	}
	_, err = client.CoreV1().ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "late"}}, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), "the run is over") {
		t.Errorf("expected that a run which is over creates nothing, found %v", err)
	}
	if _, err := session.Open(t.Context(), b.server.Config, "bare", "missing", session.Options{}); err == nil || !strings.Contains(err.Error(), `namespace "missing" does not exist`) {
		t.Errorf("found %v", err)
	}
}

// testOthersBeside: what others have under the name of something that the run created,
// and what they have beside it, stays.
func (b *bench) testOthersBeside(t *testing.T) {
	const namespace = "beside"
	b.namespace(t, namespace)
	createConfigMap(t, b.admin, namespace, "theirs")
	createPod(t, b.admin, namespace, "theirs", "")
	s, retrier := b.open(t, namespace, session.Options{})
	client := b.client(retrier, s.Wrap)
	createConfigMap(t, client, namespace, "ours")
	createConfigMap(t, client, namespace, "replaced")
	ours := createPod(t, client, namespace, "ours", "")
	if ours.Labels[session.RunLabel] != s.ID || *ours.Spec.ActiveDeadlineSeconds != int64(session.Deadline.Seconds()) {
		t.Errorf("expected a pod with the run's label and deadline, found %+v", ours)
	}
	_, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) || !strings.Contains(err.Error(), "was not changed") {
		t.Errorf("expected an error that names the owner, found %v", err)
	}
	if err := b.admin.CoreV1().ConfigMaps(namespace).Delete(t.Context(), "replaced", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	createConfigMap(t, b.admin, namespace, "replaced")
	if out := s.Close(t.Context()); out.Err != nil {
		t.Error(out.Err)
	}
	b.expectConfigMaps(t, namespace, map[string]bool{"ours": false, "theirs": true, "replaced": true})
	left, err := b.admin.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 1 || left.Items[0].Name != "theirs" {
		t.Errorf("expected the pod of others, found %v, %v", left, err)
	}
}

func (b *bench) testPart(t *testing.T) {
	const namespace = "part"
	b.namespace(t, namespace)
	s, retrier := b.open(t, namespace, session.Options{})
	part := s.Part()
	createConfigMap(t, b.client(retrier, s.Wrap), namespace, "of-the-run")
	client := b.client(retrier, part.Wrap)
	createConfigMap(t, client, namespace, "of-the-part")
	pod := createPod(t, client, namespace, "of-the-part", "")
	if !part.Made(pod) {
		t.Error("expected that the pod is the part's")
	}
	if err := part.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expectConfigMaps(t, namespace, map[string]bool{"of-the-run": true, "of-the-part": false})
	if out := s.Close(t.Context()); out.Err != nil {
		t.Error(out.Err)
	}
	b.expectConfigMaps(t, namespace, map[string]bool{"of-the-run": false})
}

// runVariable has the process be a run, in the Namespace that it holds.
const runVariable = "KBE_TEST_RUN_IN"

// TestMain is a run until it is killed, where runVariable is set.
func TestMain(m *testing.M) {
	namespace := os.Getenv(runVariable)
	if namespace == "" {
		m.Run()
		return
	}
	cfg := &rest.Config{Host: os.Getenv("HOST"), BearerToken: os.Getenv("TOKEN"), TLSClientConfig: rest.TLSClientConfig{CAFile: os.Getenv("CA")}}
	s, err := session.Open(context.Background(), cfg, "bare", namespace, session.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.ID)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test has ended
	runtime.KeepAlive(s)                 // a Session that is garbage gives up its lock
}

// testKilledRun: a run is running while its process lives, and dead when that was killed.
func (b *bench) testKilledRun(t *testing.T) {
	const namespace = "killed"
	b.namespace(t, namespace)
	createConfigMap(t, b.admin, namespace, "theirs")
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test
	cfg := b.server.Config
	cmd.Env = append(os.Environ(), runVariable+"="+namespace, "HOST="+cfg.Host, "TOKEN="+cfg.BearerToken, "CA="+cfg.CAFile)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	id := strings.TrimSpace(line)
	if err != nil || len(id) != 5 {
		t.Fatalf("expected a run's ID, found %q, %v", line, err)
	}
	labelled := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "ours", Labels: map[string]string{session.RunLabel: id}}}
	if _, err := b.admin.CoreV1().ConfigMaps(namespace).Create(t.Context(), labelled, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	b.expectLeftover(t, namespace, id, session.Running)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	l := b.expectLeftover(t, namespace, id, session.Dead)
	if want := []string{"configmaps/ours"}; !slices.Equal(l.Objects(), want) || !l.Ended() || l.Owned {
		t.Errorf("expected %v of a run that has ended, found %v, %+v", want, l.Objects(), l)
	}
	if out := l.Remove(t.Context(), b.server.Config); out.Err != nil {
		t.Error(out.Err)
	}
	b.expectConfigMaps(t, namespace, map[string]bool{"ours": false, "theirs": true})
	if found, err := session.Find(t.Context(), b.server.Config, namespace); err != nil || len(found) > 0 {
		t.Errorf("expected no leftovers, found %v, %v", found, err)
	}
}

func (b *bench) expectLeftover(t *testing.T, namespace, id string, state session.State) *session.Leftover {
	t.Helper()
	found, err := session.Find(t.Context(), b.server.Config, namespace)
	if err != nil || len(found) != 1 || found[0].Run != id || found[0].State != state {
		t.Fatalf("expected run %s, %s, found %+v, %v", id, state, found, err)
	}
	return &found[0]
}

// testStuckNamespace: a finalizer holds the Namespace, and it is never removed.
func (b *bench) testStuckNamespace(t *testing.T) {
	reported := newNotes()
	s, _ := b.open(t, "", session.Options{OnStuckDeletion: func(object, why string) { reported.add(object + ": " + why) }})
	patch := func(body string, subresource ...string) {
		t.Helper()
		if _, err := b.admin.CoreV1().Namespaces().Patch(t.Context(), s.Namespace, types.MergePatchType, []byte(body), metav1.PatchOptions{}, subresource...); err != nil {
			t.Error(err)
		}
	}
	patch(`{"metadata": {"finalizers": ["example.com/hold"]}}`)
	const message = "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
	patch(`{"status": {"conditions": [{"type": "NamespaceFinalizersRemaining", "status": "True", "message": "`+message+`"}]}}`, "status")
	abandon, giveUp := context.WithCancel(t.Context())
	closed := make(chan session.Cleanup)
	go func() { closed <- s.Close(session.WithAbandon(t.Context(), abandon)) }()
	want := "namespaces/" + s.Namespace + ": NamespaceFinalizersRemaining: " + message
	reported.await(t, func(text string) bool { return text == want })
	giveUp()
	out := <-closed
	if out.Err == nil || !strings.Contains(out.Err.Error(), "the cleanup was interrupted; NamespaceFinalizersRemaining: "+message) ||
		!slices.Equal(out.Leftovers, []string{"namespaces/" + s.Namespace}) || out.RemoveCommand != "kubectl delete namespace "+s.Namespace {
		t.Errorf("expected the namespace, the reason and a command, found %+v", out)
	}
	if len(reported.texts) != 1 {
		t.Errorf("expected one report, found %q", reported.texts)
	}
	patch(`{"metadata": {"finalizers": null}}`)
}

// testUnconfirmed: a node has no kubelet, so its pod is only removed from the API server.
func (b *bench) testUnconfirmed(t *testing.T) {
	const namespace = "unconfirmed"
	b.namespace(t, namespace)
	s, retrier := b.open(t, namespace, session.Options{})
	createPod(t, b.client(retrier, s.Wrap), namespace, "silent", "node-1")
	begin := time.Now()
	out := s.Close(t.Context())
	if out.Err != nil || !slices.Equal(out.Unconfirmed, []string{"silent on node-1"}) {
		t.Errorf("expected the pod to be unconfirmed, found %+v", out)
	}
	if took := time.Since(begin); took < 10*time.Second { // what a kubelet gets to show a sign of life
		t.Errorf("expected that its kubelet gets time, found %s", took)
	}
	if _, err := b.admin.CoreV1().Pods(namespace).Get(t.Context(), "silent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("expected that the pod no longer exists, found %v", err)
	}
}

// testRestart: the API server is stopped before a create is sent, and comes back.
func (b *bench) testRestart(t *testing.T) {
	const namespace = "restart"
	b.namespace(t, namespace)
	s, retrier := b.open(t, namespace, session.Options{})
	delays := newNotes()
	retrier.OnDelay(delays.add)
	client := b.client(retrier, s.Wrap)
	b.server.Stop()
	created := make(chan error)
	go func() {
		_, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "ours"}}, metav1.CreateOptions{})
		created <- err
	}()
	delays.await(t, func(delay string) bool { return strings.HasPrefix(delay, "Lost the connection") })
	b.server.Restart(t)
	if err := <-created; err != nil {
		t.Fatal(err)
	}
	delays.await(t, func(delay string) bool { return strings.HasPrefix(delay, "Reconnected") })
	b.expectConfigMaps(t, namespace, map[string]bool{"ours": true})
	if out := s.Close(t.Context()); out.Err != nil {
		t.Error(out.Err)
	}
	b.expectConfigMaps(t, namespace, map[string]bool{"ours": false})
}
