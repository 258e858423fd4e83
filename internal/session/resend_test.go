package session

import (
	"net/http"
	"net/url"
	"testing"
)

func TestWhatIsProxied(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v1/namespaces/a/pods/http:sise:9876/proxy/info": true,
		"/api/v1/namespaces/a/services/web/proxy":             true,
		"/prefix/api/v1/nodes/node-1/proxy/healthz":           true,
		"/api/v1/namespaces/proxy/pods":                       false,
		"/api/v1/namespaces/a/pods/proxy":                     false,
		"/api/v1/namespaces/a/pods/proxy/log":                 false,
		"/apis/apps/v1/namespaces/a/deployments/proxy/status": false,
	} {
		if got := kindOf(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}}).proxied; got != want {
			t.Errorf("%s: expected %t, found %t", path, want, got)
		}
	}
}
