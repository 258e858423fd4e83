package session

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func TestWhatIsACreate(t *testing.T) {
	for request, want := range map[string]string{
		"POST /api/v1/namespaces":                                       "namespaces ",
		"POST /api/v1/namespaces/n/pods":                                "pods n",
		"POST /prefix/api/v1/namespaces/n/pods":                         "pods n",
		"POST /apis/apps/v1/namespaces/n/deployments?fieldManager=x":    "deployments n",
		"POST /api/v1/namespaces/n/pods?dryRun=All":                     "",
		"POST /api/v1/namespaces/n/pods/p/exec?command=ls":              "",
		"POST /api/v1/namespaces/n/pods/p/eviction":                     "",
		"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews":   "",
		"PUT /api/v1/namespaces/n/pods/p":                               "",
		"GET /api/v1/namespaces/n/pods":                                 "",
		"POST /openid/v1/jwks":                                          "",
		"POST /apis/rbac.authorization.k8s.io/v1/namespaces/n/roles":    "roles n",
		"POST /apis/rbac.authorization.k8s.io/v1/clusterroles":          "clusterroles ",
		"POST /api/v1/namespaces/n/serviceaccounts/default/token":       "",
		"POST /apis/authentication.k8s.io/v1/tokenreviews?timeout=1.0s": "",
	} {
		method, url, _ := strings.Cut(request, " ")
		got := ""
		if gvr, ns, ok := parseCreate(httptest.NewRequest(method, url, strings.NewReader("{}"))); ok {
			got = gvr.Resource + " " + ns
		}
		if got != want {
			t.Errorf("%s: expected %q, found %q", request, want, got)
		}
	}
}

func TestWhatIsCreatedIsLabelledAndRecorded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		pod := corev1.Pod{}
		if err := json.Unmarshal(body, &pod); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if pod.Name == "taken" {
			w.WriteHeader(http.StatusConflict)
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
	s := &Session{ID: "x7k2p", Namespace: "n"}
	cfg := &rest.Config{Host: server.URL}
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
	want := object{pods, "n", "sise", "uid-1"}
	if got := s.created.newestFirst(); len(got) != 1 || got[0] != want {
		t.Errorf("expected that only %v is recorded, found %v", want, got)
	}
	if got, want := s.RemoveCommand(), "kubectl delete pods -n n -l kubectl-kbe.github.io/run=x7k2p"; got != want {
		t.Errorf("expected %q, found %q", want, got)
	}
}
