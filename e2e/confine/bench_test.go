//go:build linux

package confine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/apiserver"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

// sentinel is what the victim's files hold: it must be in no request and no output.
const sentinel = "SENTINEL-of-the-victim"

// bench is a victim: an API server, others' objects on it, and files.
type bench struct {
	server  *apiserver.Server
	admin   kubernetes.Interface
	objects dynamic.Interface
	// home is the working folder of the process, full of files with the sentinel.
	home  string
	opens *opens
	// elsewhere is an HTTP server that must get no request.
	elsewhere *httptest.Server
	recorder  *recorder
	getter    *genericclioptions.ConfigFlags
}

// victims are the files of the working folder: kubectl reads relative to it.
var victims = []string{"id", "config", "pod.yaml", "kustomization.yaml", "x"}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{server: apiserver.Start(t), recorder: &recorder{}}
	b.home = t.TempDir()
	for _, name := range victims {
		if err := os.WriteFile(filepath.Join(b.home, name), []byte(sentinel+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(b.home)
	b.opens = watchOpens(t, b.home)
	b.elsewhere = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(b.elsewhere.Close)
	t.Setenv("KUBECONFIG", b.server.Kubeconfig)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	b.admin, b.objects = kubernetes.NewForConfigOrDie(b.server.Config), dynamic.NewForConfigOrDie(b.server.Config)
	b.getter = genericclioptions.NewConfigFlags(true)
	cache := filepath.Join(t.TempDir(), "cache")
	b.getter.CacheDir, b.getter.KubeConfig = &cache, &b.server.Kubeconfig
	b.getter.WrapConfigFn = b.recorder.wrap
	usual := http.DefaultTransport
	http.DefaultTransport = b.recorder.transport(usual)
	t.Cleanup(func() { http.DefaultTransport = usual })
	return b
}

// namespace creates a Namespace of others, in which they have something.
func (b *bench) namespace(t testing.TB, name string) {
	t.Helper()
	ctx := t.Context()
	if _, err := b.admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	theirs := metav1.ObjectMeta{Name: "theirs", Labels: map[string]string{"app": "theirs"}}
	b.pod(t, name, "theirs")
	if _, err := b.admin.CoreV1().ConfigMaps(name).Create(ctx, &corev1.ConfigMap{ObjectMeta: theirs}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{ObjectMeta: theirs, StringData: map[string]string{"password": sentinel}}
	if _, err := b.admin.CoreV1().Secrets(name).Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	replicas := &appsv1.ReplicaSet{ObjectMeta: theirs, Spec: appsv1.ReplicaSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"role": "theirs"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"role": "theirs"}}, Spec: podSpec},
	}}
	if _, err := b.admin.AppsV1().ReplicaSets(name).Create(ctx, replicas, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	service := &corev1.Service{ObjectMeta: theirs, Spec: corev1.ServiceSpec{Selector: map[string]string{"web": "theirs"}, Ports: []corev1.ServicePort{{Port: 80}}}}
	if _, err := b.admin.CoreV1().Services(name).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// What a controller makes a moment later is not what a run has changed.
	err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		_, err := b.admin.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	})
	if err != nil {
		t.Fatalf("expected the service account of namespace %q: %v", name, err)
	}
}

var podSpec = corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}

// pod creates a Pod of others.
func (b *bench) pod(t testing.TB, namespace, name string) *corev1.Pod {
	t.Helper()
	for {
		pod, err := b.admin.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "theirs"}},
			Spec:       podSpec,
		}, metav1.CreateOptions{})
		switch {
		case err == nil:
			return pod
		case !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
			t.Fatal(err)
		}
		// The API server still knows the Namespace that had the name before.
	}
}

// attempt is an example of an attacker.
type attempt struct {
	// steps are commands, one after the other.
	steps []string
	files map[string]string
	// before is called before each command.
	before func(command string)
}

func (a attempt) plan() (*engine.Plan, error) {
	text := "apiVersion: kubectl-kbe.github.io/v1alpha1\nkind: Example\nmetadata: {name: hostile}\nspec:\n  title: Hostile\n  scenarios:\n" +
		"  - name: only\n    title: Only\n    steps:\n"
	for _, step := range a.steps {
		text += fmt.Sprintf("    - run: %q\n      expect: [{claim: It runs, that: exitCode >= 0}]\n", step)
	}
	files := fstest.MapFS{"hostile/example.yaml": {Data: []byte(text)}}
	for name, content := range a.files {
		files["hostile/"+name] = &fstest.MapFile{Data: []byte(content)}
	}
	e, err := example.Load(files, "hostile")
	if e == nil {
		return nil, err
	}
	plan, more := engine.Compile(e)
	return plan, example.Join(err, more)
}

// run runs the attempt, even if it would be refused when it is loaded, and
// returns all that a user would read of it.
func (b *bench) run(t testing.TB, plan *engine.Plan, a attempt, opts engine.Options) string {
	t.Helper()
	opts.Confirm = func(_ context.Context, command string) bool {
		if a.before != nil {
			a.before(command)
		}
		return true
	}
	if opts.Timeout == 0 {
		opts.Timeout = 20 * time.Second
	}
	var mu sync.Mutex
	var printed strings.Builder
	engine.Run(t.Context(), &run.Clients{RESTClientGetter: b.getter}, plan, opts, report.NewTerminal(io.Discard, nil, 80, false), func(ev engine.Event) {
		mu.Lock()
		defer mu.Unlock()
		switch body := ev.Body.(type) {
		case engine.RunStarted:
			b.recorder.enter(body.Run.Namespace)
		case engine.Output:
			fmt.Fprintln(&printed, body.Stdout, body.Stderr)
		case engine.StepFailed:
			fmt.Fprintln(&printed, body.Err)
		case engine.RunEnded:
			fmt.Fprintln(&printed, body.Error)
			if body.Cleanup != nil {
				fmt.Fprintln(&printed, body.Cleanup.Error)
			}
		}
	})
	return printed.String()
}

// theirs are the UIDs and versions of what others have in some Namespaces.
func (b *bench) theirs(t testing.TB, namespaces ...string) string {
	t.Helper()
	var out []string
	for _, namespace := range namespaces {
		for _, r := range []string{"configmaps", "pods", "secrets", "serviceaccounts", "services"} {
			list, err := b.objects.Resource(corev1.SchemeGroupVersion.WithResource(r)).Namespace(namespace).List(context.WithoutCancel(t.Context()),
				metav1.ListOptions{LabelSelector: "!kubectl-kbe.github.io/run"})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range list.Items {
				out = append(out, fmt.Sprintf("%s/%s/%s %s %s", namespace, r, o.GetName(), o.GetUID(), o.GetResourceVersion()))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// recorder notes every request and every address that is dialled.
type recorder struct {
	mu sync.Mutex
	// namespaces are those of runs, the last one last.
	namespaces []string
	requests   []request
	dialled    []string
}

type request struct {
	host, method, path, query, body string
}

func (r request) String() string {
	return fmt.Sprintf("%s %s?%s %.300s", r.method, r.path, r.query, r.body)
}

// enter notes the Namespace of a run.
func (r *recorder) enter(namespace string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.namespaces = append(r.namespaces, namespace)
}

// forget removes requests.
func (r *recorder) forget(which func(request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = slices.DeleteFunc(r.requests, which)
}

// reset forgets what was noted, and returns it.
func (r *recorder) reset() (requests []request, dialled []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	requests, dialled = r.requests, r.dialled
	r.requests, r.dialled = nil, nil
	return requests, dialled
}

func (r *recorder) wrap(cfg *rest.Config) *rest.Config {
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		r.mu.Lock()
		r.dialled = append(r.dialled, address)
		r.mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	cfg.QPS = -1
	cfg.Wrap(r.transport)
	return cfg
}

func (r *recorder) transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		var body []byte
		if req.Body != nil {
			var err error
			if body, err = io.ReadAll(req.Body); err != nil {
				return nil, err
			}
			req = req.Clone(req.Context())
			req.Body = io.NopCloser(bytes.NewReader(body))
		}
		r.mu.Lock()
		r.requests = append(r.requests, request{req.URL.Host, req.Method, req.URL.EscapedPath(), req.URL.RawQuery, string(body)})
		r.mu.Unlock()
		return next.RoundTrip(req)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
