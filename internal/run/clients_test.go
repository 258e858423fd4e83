package run

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// A config is that of its cluster alone, even if a kubeconfig names another, or is broken.
func TestClientsOfAConfig(t *testing.T) {
	t.Setenv("KUBECACHEDIR", t.TempDir())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token" || r.UserAgent() != "test" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"gitVersion": "v1.37.2"}`)) // the client reports what did not arrive
	}))
	t.Cleanup(server.Close)
	for _, kubeconfig := range []string{"/none", "clients_test.go"} {
		t.Setenv("KUBECONFIG", kubeconfig)
		clients := FromConfig(&rest.Config{Host: server.URL, BearerToken: "token"}, "test")
		discovery, err := clients.ToDiscoveryClient()
		if err != nil {
			t.Fatal(err)
		}
		version, err := discovery.ServerVersion()
		if err != nil || version.GitVersion != "v1.37.2" || clients.Context() != "" {
			t.Errorf("%s: expected v1.37.2, found %v, %v, context %q", kubeconfig, version, err, clients.Context())
		}
	}
}

// A pod's answer, which the API server's proxy passes on, cannot lead a client elsewhere, where it
// would send the user's token.
func TestCredentialsGoToTheAPIServerOnly(t *testing.T) {
	visits := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits++ }))
	t.Cleanup(elsewhere.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("/here", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("here")) // the client reports what did not arrive
	})
	mux.Handle("/moved", http.RedirectHandler("/here", http.StatusFound))
	mux.Handle("/astray", http.RedirectHandler(elsewhere.URL, http.StatusFound))
	mux.Handle("/kept", http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	mux.Handle("/noscheme", http.RedirectHandler("//"+elsewhere.Listener.Addr().String(), http.StatusSeeOther))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	cfg, err := FromConfig(&rest.Config{Host: server.URL, BearerToken: "token"}, "test").ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	request := client.CoreV1().RESTClient()
	if body, err := request.Get().AbsPath("/moved").DoRaw(t.Context()); err != nil || string(body) != "here" {
		t.Errorf("a redirect of the same host: expected to be followed, found %q, %v", body, err)
	}
	for _, path := range []string{"/astray", "/kept", "/noscheme"} {
		if _, err := request.Get().AbsPath(path).DoRaw(t.Context()); err == nil || visits > 0 {
			t.Errorf("%s: expected an error, and no visit elsewhere, found %v and %d", path, err, visits)
		}
		_, err := request.Post().AbsPath(path).Body([]byte("{}")).DoRaw(t.Context())
		if err == nil || visits > 0 {
			t.Errorf("POST %s: expected an error, and no visit elsewhere, found %v and %d", path, err, visits)
		}
	}
}
