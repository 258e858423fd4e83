package session

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func TestTheTargetOfARequest(t *testing.T) {
	for path, want := range map[string]target{
		"/api/v1/namespaces":                       {resource: namespaces},
		"/api/v1/namespaces/n":                     {resource: namespaces, name: "n"},
		"/api/v1/namespaces/n/finalize":            {resource: namespaces, name: "n", subresource: "finalize"},
		"/api/v1/namespaces/n/pods":                {resource: pods, namespace: "n"},
		"/prefix/api/v1/namespaces/n/pods/p":       {resource: pods, namespace: "n", name: "p"},
		"/api/v1/namespaces/n/pods/p/exec?x=y":     {resource: pods, namespace: "n", name: "p", subresource: "exec"},
		"/api/v1/namespaces/n/pods/p:1/proxy/x":    {resource: pods, namespace: "n", name: "p", subresource: "proxy"},
		"/api/v1/namespaces/n/pods/http:p:1/proxy": {resource: pods, namespace: "n", name: "p", subresource: "proxy"},
		"/apis/apps/v1/namespaces/n/deployments":   {resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, namespace: "n"},
		"/api/v1/nodes/x":                          {resource: corev1.SchemeGroupVersion.WithResource("nodes"), name: "x"},
	} {
		if found, ok := parseTarget(httptest.NewRequest(http.MethodGet, path, nil).URL); !ok || found != want {
			t.Errorf("%s: expected %+v, found %+v, %t", path, want, found, ok)
		}
	}
	for _, path := range []string{"/version", "/api", "/apis/apps/v1", "/openid/v1/jwks", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"} {
		if found, ok := parseTarget(httptest.NewRequest(http.MethodGet, path, nil).URL); ok {
			t.Errorf("%s: expected nothing, found %+v", path, found)
		}
	}
}

func TestMarkMakesAnObjectTheRuns(t *testing.T) {
	const run = `"app.kubernetes.io/managed-by":"kubectl-kbe","kubectl-kbe.github.io/run":"x7k2p"`
	for name, tc := range map[string]struct {
		session  *Session
		in, want string
	}{
		"a pod": {&Session{}, `{"kind":"Pod","metadata":{"name":"p","labels":{"a":"b"}},"spec":{"containers":[]}}`,
			`{"kind":"Pod","metadata":{"labels":{"a":"b",` + run + `},"name":"p"},"spec":{"activeDeadlineSeconds":3600,"containers":[]}}`},
		"a pod with an end of its own": {&Session{}, `{"kind":"Pod","metadata":{},"spec":{"activeDeadlineSeconds":5}}`,
			`{"kind":"Pod","metadata":{"labels":{` + run + `}},"spec":{"activeDeadlineSeconds":5}}`},
		"a pod that is kept": {&Session{opts: Options{Keep: true}}, `{"kind":"Pod","metadata":{},"spec":{}}`,
			`{"kind":"Pod","metadata":{"annotations":{"kubectl-kbe.github.io/keep":"true"},"labels":{` + run + `}},"spec":{}}`},
		"a controller, whose pods run for ever": {&Session{}, `{"kind":"Deployment","metadata":{},"spec":{"template":{"metadata":{"labels":{"app":"x"}},"spec":{}}}}`,
			`{"kind":"Deployment","metadata":{"labels":{` + run + `}},"spec":{"template":{"metadata":{"labels":{"app":"x",` + run + `}},"spec":{}}}}`},
		"a pod with containers": {&Session{}, `{"kind":"Pod","metadata":{"annotations":{"linkerd.io/inject":"enabled"}},"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"c"}]}}`,
			`{"kind":"Pod","metadata":{"annotations":{"kubectl-kbe.github.io/containers":"i,c","linkerd.io/inject":"enabled"},` +
				`"labels":{` + run + `,"sidecar.istio.io/inject":"false"}},"spec":{"activeDeadlineSeconds":3600,"containers":[{"name":"c"}],"initContainers":[{"name":"i"}],"nodeSelector":{"kubernetes.io/os":"linux"}}}`},
		"a pod on a node": {&Session{opts: Options{WithSidecars: true}}, `{"kind":"Pod","metadata":{},"spec":{"nodeName":"n","containers":[{"name":"c"}]}}`,
			`{"kind":"Pod","metadata":{"annotations":{"kubectl-kbe.github.io/containers":"c"},"labels":{` + run + `}},"spec":{"activeDeadlineSeconds":3600,"containers":[{"name":"c"}],"nodeName":"n"}}`},
		"a controller of controllers": {&Session{opts: Options{WithSidecars: true}}, `{"kind":"CronJob","metadata":{},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"os":{"name":"linux"},"containers":[{"name":"c"}]}}}}}}`,
			`{"kind":"CronJob","metadata":{"labels":{` + run + `}},"spec":{"jobTemplate":{"metadata":{"labels":{` + run + `}},"spec":{"template":{"metadata":{"annotations":{"kubectl-kbe.github.io/containers":"c"},` +
				`"labels":{` + run + `}},"spec":{"containers":[{"name":"c"}],"os":{"name":"linux"}}}}}}}`},
		"a manager that is not us": {&Session{}, `{"kind":"Service","metadata":{"labels":{"app.kubernetes.io/managed-by":"helm"}}}`,
			`{"kind":"Service","metadata":{"labels":{"app.kubernetes.io/managed-by":"helm","kubectl-kbe.github.io/run":"x7k2p"}}}`},
	} {
		tc.session.ID = "x7k2p"
		tr := &transport{session: tc.session}
		obj, err := tr.marked([]byte(tc.in), target{})
		if err != nil {
			t.Fatal(err)
		}
		found, err := obj.MarshalJSON()
		if err != nil || strings.TrimSpace(string(found)) != tc.want {
			t.Errorf("%s: expected\n%s\nfound\n%s, %v", name, tc.want, found, err)
		}
	}
	for _, in := range []string{"", "{", `{"metadata":{}}`, `{"kind":"PodList","apiVersion":"v1","items":[]}`} {
		if found, err := (&transport{session: &Session{}}).marked([]byte(in), target{}); err == nil {
			t.Errorf("%s: expected an error, found %s", in, found)
		}
	}
}

// TestAPatchNamesTheContainersThatItAdds: a container that a command adds to a template is the run's own.
func TestAPatchNamesTheContainersThatItAdds(t *testing.T) {
	const annotation = `"kubectl-kbe.github.io/containers":"a,b"`
	made := func(named, containers string) *unstructured.Unstructured {
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON([]byte(`{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"metadata":{"annotations":{` + named + `}},"spec":{"containers":[` + containers + `]}}}}`)); err != nil {
			t.Fatal(err)
		}
		return obj
	}
	const before, two = `"kubectl-kbe.github.io/containers":"a"`, `{"name":"a"},{"name":"b"}`
	for name, tc := range map[string]struct {
		patch string
		made  *unstructured.Unstructured
		want  string
	}{
		"a merge":           {`{"spec":{"template":{"spec":{"containers":[{"name":"b"}]}}}}`, made(before, two), `{"spec":{"template":{"metadata":{"annotations":{` + annotation + `}},"spec":{"containers":[{"name":"b"}]}}}}`},
		"a patch in JSON":   {`[{"op":"add"}]`, made(before, two), `[{"op":"add"},{"op":"add","path":"/spec/template/metadata/annotations/kubectl-kbe.github.io~1containers","value":"a,b"}]`},
		"no other names":    {`{"spec":{"replicas":2}}`, made(annotation, two), `{"spec":{"replicas":2}}`},
		"no names any more": {`{"spec":{"replicas":2}}`, made("", two), `{"spec":{"replicas":2}}`},
		"a pod":             {`{"spec":{}}`, podOf("a", "a", "proxy"), `{"spec":{}}`},
	} {
		if found, err := namingContainers([]byte(tc.patch), tc.made); err != nil || string(found) != tc.want {
			t.Errorf("%s: expected %s, found %s, %v", name, tc.want, found, err)
		}
	}
	if _, err := pinned([]byte("null"), "uid", "metadata"); err == nil {
		t.Error("expected that a patch which is null is refused")
	}
}

// podOf is a Pod for which the run has named containers, and which has these.
func podOf(named string, containers ...any) *unstructured.Unstructured {
	for i, name := range containers {
		containers[i] = map[string]any{"name": name}
	}
	pod := &unstructured.Unstructured{Object: map[string]any{"kind": "Pod", "spec": map[string]any{"containers": containers}}}
	pod.SetAnnotations(map[string]string{containersAnnotation: named})
	return pod
}

func TestContainersThatAdmissionHasAdded(t *testing.T) {
	stays := corev1.Container{Name: "mesh", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}
	for name, tc := range map[string]struct {
		named string // "" for a Pod of others
		init  []corev1.Container
		names []string
		own   string
		added []string
	}{
		"none":                         {"a,b", nil, []string{"a", "b"}, "a", nil},
		"one before the run's":         {"a,b", nil, []string{"proxy", "b", "a"}, "b", []string{"proxy"}},
		"an init container that stays": {"a", []corev1.Container{{Name: "setup"}, stays}, []string{"proxy", "a"}, "a", []string{"mesh", "proxy"}},
		"to a pod of others":           {"", nil, []string{"a", "proxy"}, "", nil},
	} {
		pod := &corev1.Pod{Spec: corev1.PodSpec{InitContainers: tc.init}}
		for _, name := range tc.names {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name})
		}
		if tc.named != "" {
			pod.Annotations = map[string]string{containersAnnotation: tc.named}
		}
		if own, added := AddedContainers(pod); own != tc.own || !slices.Equal(added, tc.added) {
			t.Errorf("%s: expected %q, %q, found %q, %q", name, tc.own, tc.added, own, added)
		}
	}
}

func TestWhatIsCreatedIsLabelledAndRecorded(t *testing.T) {
	// Longer than what arrives with the first bytes of an answer.
	long := strings.Repeat("a long story ", 1<<18)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		pod := corev1.Pod{}
		if err := json.Unmarshal(body, &pod); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		switch pod.Name {
		case "taken":
			w.WriteHeader(http.StatusConflict)
			return
		case "invalid":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_ = json.NewEncoder(w).Encode(metav1.Status{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Reason: metav1.StatusReasonInvalid,
				Code: http.StatusUnprocessableEntity, Message: long})
			return
		}
		pod.UID = "uid-1"
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		if err := json.NewEncoder(w).Encode(pod); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	cfg := &rest.Config{Host: server.URL}
	s := &Session{ID: "x7k2p", Namespace: "n", client: dynamic.NewForConfigOrDie(cfg)}
	s.Wrap(cfg)
	client := kubernetes.NewForConfigOrDie(cfg)
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "sise", Labels: map[string]string{"run": "sise"}},
	}
	made, err := client.CoreV1().Pods("n").Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if made.Labels[RunLabel] != "x7k2p" || made.Labels[ManagedByLabel] != ManagedBy || made.Labels["run"] != "sise" {
		t.Errorf("labels: %v", made.Labels)
	}
	pod.Name = "taken"
	if _, err := client.CoreV1().Pods("n").Create(t.Context(), pod, metav1.CreateOptions{}); err == nil {
		t.Error("expected a conflict")
	}
	pod.Name = "invalid"
	if _, err := client.CoreV1().Pods("n").Create(t.Context(), pod, metav1.CreateOptions{}); !apierrors.IsInvalid(err) || err.Error() != long {
		t.Errorf("expected the API server's answer, whole, found %.100s", err)
	}
	want := object{pods, "n", "sise", "uid-1"}
	if got := s.created.newestFirst(); len(got) != 1 || got[0] != want {
		t.Errorf("expected that only %v is recorded, found %v", want, got)
	}
	if got, want := s.RemoveCommand(), "kubectl delete pods -n n -l kubectl-kbe.github.io/run=x7k2p"; got != want {
		t.Errorf("expected %q, found %q", want, got)
	}
}

// TestAConfinedRunRequestsNothingElse: neither by its clients nor by those of its parts.
func TestAConfinedRunRequestsNothingElse(t *testing.T) {
	sent := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	defer server.Close()
	for _, confined := range []bool{false, true} {
		s := &Session{ID: "x7k2p", Namespace: "n", opts: Options{Confined: confined}}
		for name, wrap := range map[string]func(*rest.Config){"the run": s.Wrap, "a part": s.Part().Wrap} {
			sent = 0
			cfg := &rest.Config{Host: server.URL}
			wrap(cfg)
			_, err := kubernetes.NewForConfigOrDie(cfg).CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
			if apierrors.IsForbidden(err) != confined || (sent == 0) != confined {
				t.Errorf("%s: expected that it is confined: %t, found %v after %d requests", name, confined, err, sent)
			}
		}
	}
}
