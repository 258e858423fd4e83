package run

import (
	"net/http"
	"net/http/httptest"
	"testing"

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
