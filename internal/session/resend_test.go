package session

import (
	"net/http"
	"net/url"
	"testing"
	"time"
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

// An exec that the API server answers with 500 may be the kubelet's verdict, and is not sent
// again for long. One that a proxy before the API server answers is sent again as any request.
func TestAnUpgradeThatAProxyFailsIsSentAgain(t *testing.T) {
	exec := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/api/v1/namespaces/a/pods/sise/exec"}, Header: http.Header{"Upgrade": {"websocket"}}}
	for answered, want := range map[string]bool{"the API server": false, "": true} {
		resp := &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}}
		if answered != "" {
			resp.Header.Set(auditID, answered)
		}
		retry := &retrying{Retrier: &Retrier{}}
		if _, again := retry.again(exec, kindOf(exec), resp, nil, 3*time.Second); again != want {
			t.Errorf("answered by %q: expected that it is sent again: %t, found %t", answered, want, again)
		}
	}
}
