package session

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/streaming/pkg/httpstream"
)

// retrying sends the requests of one client, by the rules of a Retrier.
type retrying struct {
	*Retrier
	next http.RoundTripper
}

func (t *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return t.next.RoundTrip(req)
	}
	begin, pace, unknown := time.Now(), retry(), false
	for {
		resp, err := t.attempt(req)
		if err == nil && unknown && req.Method == http.MethodDelete && isGone(resp) {
			return deleted(req, resp)
		}
		wait, again := t.again(req, resp, err, time.Since(begin))
		if !again || !pause(req.Context(), max(wait, min(pace.Step(), slowest))) {
			if resp != nil && !isPassedOn(req, resp) {
				resp.Header.Del("Retry-After") // for client-go, which would begin anew
			}
			return resp, err
		}
		unknown = unknown || err != nil || resp.StatusCode != http.StatusTooManyRequests
		_ = drop(resp) // where that connection is broken, too, the next attempt takes another
	}
}

// attempt sends a request once. The answer to a read is there as a whole, so that
// a connection which breaks meanwhile is noticed here.
func (t *retrying) attempt(req *http.Request) (*http.Response, error) {
	dup := req.Clone(req.Context()) // an upgrade of a connection changes its request
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		dup.Body = body
	}
	resp, err := t.next.RoundTrip(dup)
	if err != nil || req.Method != http.MethodGet || isUpgrade(req) || isStream(req.URL) || isProxied(req.URL) {
		return resp, err
	}
	if _, err := peek(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// again decides whether a request is sent again, and after what time at least.
// since is the time since it was sent first.
func (t *retrying) again(req *http.Request, resp *http.Response, err error, since time.Duration) (wait time.Duration, again bool) {
	if err != nil {
		if req.Context().Err() != nil || isRefusal(err) {
			return 0, false
		}
		return 0, t.away(err) && (isRepeatable(req) || isUpgrade(req) && !isProxied(req.URL) || neverSent(err))
	}
	if resp.StatusCode < http.StatusInternalServerError {
		t.alive()
	}
	switch {
	case isPassedOn(req, resp):
		return 0, false
	case resp.StatusCode == http.StatusTooManyRequests:
		wait = retryAfter(resp)
		if since+wait > outage || strings.HasSuffix(req.URL.Path, "/eviction") { // that is a PodDisruptionBudget's verdict
			return 0, false
		}
		t.busy(wait)
		return wait, true
	case resp.StatusCode < http.StatusInternalServerError:
		return 0, false
	case isUpgrade(req):
		return 0, since < time.Second // it may be the kubelet's verdict on an exec
	default:
		return 0, since < failing && isRepeatable(req) && !isWebhooks(resp)
	}
}

// retryAfter is what a 429 asks for.
func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		return time.Second
	}
	return time.Duration(seconds) * time.Second
}

// isRepeatable tells whether a request that may have been carried out comes to the
// same when it is sent again.
func isRepeatable(req *http.Request) bool {
	read := req.Method == http.MethodGet || req.Method == http.MethodHead
	if read || isProxied(req.URL) { // what a pod does with others is not known
		return read && !isUpgrade(req)
	}
	switch req.Method {
	case http.MethodDelete:
		return true
	case http.MethodPatch:
		return req.Header.Get("Content-Type") != string(types.JSONPatchType)
	case http.MethodPost: // a question, such as whether something is permitted
		_, stored := parseTarget(req.URL)
		return !stored || isDryRun(req)
	}
	return false
}

func isUpgrade(req *http.Request) bool { return req.Header.Get("Upgrade") != "" }

// isStream tells whether the answer to a read goes on for as long as somebody reads.
func isStream(u *url.URL) bool {
	q := u.Query()
	return q.Get("watch") == "true" || q.Get("follow") == "true"
}

// isProxied tells whether a request is to the proxy subresource of an object.
func isProxied(u *url.URL) bool {
	t, ok := parseTarget(u)
	return ok && t.subresource == "proxy"
}

// isPassedOn tells whether an answer came by way of the API server's proxy: it is a
// pod's, a service's or a node's, and theirs to give. The API server marks all that
// it answers (k8s.io/apiserver, pkg/endpoints/filters/audit_init.go); an answer
// without that mark is of a proxy before it.
func isPassedOn(req *http.Request, resp *http.Response) bool {
	return isProxied(req.URL) && resp.Header.Get("Audit-Id") != ""
}

// isRefusal tells whether an error is an answer, or a certificate's fault.
func isRefusal(err error) bool {
	return httpstream.IsUpgradeFailure(err) || errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(tls.AlertError))
}

// neverSent tells whether there was not even a connection.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// webhookFails is how the API server says that it needs a webhook which does not
// answer (k8s.io/apiserver, pkg/admission/plugin/webhook/errors).
var webhookFails = regexp.MustCompile(`failed calling webhook`)

// isWebhooks tells whether a 5xx is an admission webhook's fault: the API server
// has waited for it as long as it is told to.
func isWebhooks(resp *http.Response) bool {
	text, err := peek(resp)
	return err == nil && webhookFails.Match(text)
}

// isGone tells whether what is to be deleted is not there any more, or, by the
// precondition of its UID, another is in its place.
func isGone(resp *http.Response) bool {
	return resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusConflict
}

// deleted makes the answer to a delete that was carried out, where it was lost.
func deleted(req *http.Request, resp *http.Response) (*http.Response, error) {
	body, err := json.Marshal(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess})
	if err := errors.Join(err, drop(resp)); err != nil {
		return nil, err
	}
	return answer(req, http.StatusOK, body), nil
}
