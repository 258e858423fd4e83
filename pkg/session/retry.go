package session

import (
	"net/http"
	"net/url"

	"k8s.io/client-go/rest"
)

// Retry makes every client of a REST config ask again where the API server turned
// a request away unseen (429), or could not answer a read (5xx). client-go does so
// by itself, up to ten times, but only where the answer says after how long
// (rest/with_retry.go): here it always does. A write that failed with 5xx may have
// been carried out, and is not repeated. What a pod, a service or a node answers
// through the API server's proxy is theirs, and is left as it is.
func Retry(cfg *rest.Config) {
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return retryAfter{next} })
}

type retryAfter struct{ next http.RoundTripper }

func (t retryAfter) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.Header.Get("Retry-After") != "" {
		return resp, err
	}
	read := req.Method == http.MethodGet && req.Header.Get("Upgrade") == "" && !isProxied(req.URL)
	if resp.StatusCode == http.StatusTooManyRequests || read && resp.StatusCode >= http.StatusInternalServerError {
		resp.Header.Set("Retry-After", "1")
	}
	return resp, nil
}

// isProxied tells whether a request is to the proxy subresource of an object.
func isProxied(u *url.URL) bool {
	t, ok := parseTarget(u)
	return ok && t.subresource == "proxy"
}
