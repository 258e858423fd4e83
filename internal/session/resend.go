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
	k := kindOf(req)
	begin, pace, unknown := time.Now(), backoff(), false
	for {
		resp, err := t.attempt(req, k)
		if err == nil && unknown && req.Method == http.MethodDelete && isGone(resp) {
			return deleted(req, resp)
		}
		wait, again := t.again(req, k, resp, err, time.Since(begin))
		if !again || !pause(req.Context(), max(wait, min(pace.Step(), slowest))) {
			if resp != nil && !k.isPassedOn(resp) {
				resp.Header.Del("Retry-After") // for client-go, which would retry, too
			}
			return resp, err
		}
		unknown = unknown || err != nil || resp.StatusCode != http.StatusTooManyRequests
		_ = drop(resp) // where that connection is broken, too, the next attempt takes another
	}
}

// attempt sends a request once. An answer of the API server's own is there as a whole, so
// that a connection which breaks meanwhile is noticed here.
func (t *retrying) attempt(req *http.Request, k kind) (*http.Response, error) {
	dup, err := copyOf(req)
	if err != nil {
		return nil, err
	}
	resp, err := t.next.RoundTrip(dup)
	if err != nil || k.proxied || k.upgrade || k.stream {
		return resp, err
	}
	if _, err := peek(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// again decides whether a request is sent again, and after what time at least.
// since is the time since it was sent first.
func (t *retrying) again(req *http.Request, k kind, resp *http.Response, err error, since time.Duration) (wait time.Duration, again bool) {
	if err != nil {
		if req.Context().Err() != nil || isRefusal(err) {
			return 0, false
		}
		return 0, t.away(err) && (k.repeatable || k.upgrade && !k.proxied || neverSent(err))
	}
	if resp.StatusCode < http.StatusInternalServerError {
		t.alive()
	}
	switch {
	case k.isPassedOn(resp):
		return 0, false
	case resp.StatusCode == http.StatusTooManyRequests:
		wait = retryAfter(resp)
		if since+wait > outage || strings.HasSuffix(req.URL.Path, "/eviction") { // that is a PodDisruptionBudget's verdict
			return 0, false
		}
		t.busy(wait)
		return wait, true
	case resp.StatusCode < http.StatusInternalServerError:
		return 0, since < failing && isQuotas(resp)
	case k.upgrade && resp.Header.Get(auditID) != "":
		return 0, since < time.Second // it may be the kubelet's verdict on an exec
	case k.upgrade:
		return 0, since < failing
	default:
		return 0, since < failing && k.repeatable && !isWebhooks(resp)
	}
}

// kind is what decides how a request is sent again.
type kind struct {
	// proxied: the API server passes it on to a Pod, a Service or a Node.
	proxied bool
	// upgrade: it turns its connection into another, as an exec does.
	upgrade bool
	// stream: its answer goes on for as long as the client reads.
	stream bool
	// repeatable: it may have been carried out, and comes to the same when it is
	// sent again.
	repeatable bool
}

func kindOf(req *http.Request) kind {
	at, stored := parseTarget(req.URL)
	k := kind{
		proxied: stored && at.subresource == "proxy",
		upgrade: req.Header.Get("Upgrade") != "",
		stream:  isStream(req.URL),
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead:
		k.repeatable = !k.upgrade
	case http.MethodDelete:
		k.repeatable = !k.proxied // what a pod does with others than reads is not known
	case http.MethodPatch:
		k.repeatable = !k.proxied && req.Header.Get("Content-Type") != string(types.JSONPatchType)
	case http.MethodPost: // a question, such as whether something is permitted
		k.repeatable = !k.proxied && (!stored || isDryRun(req))
	}
	return k
}

// isPassedOn reports whether an answer came through the API server's proxy: it is a
// pod's, a service's or a node's, and theirs to give. The API server marks all that
// it answers (k8s.io/apiserver, pkg/endpoints/filters/audit_init.go); an answer
// without that mark is of a proxy before it.
func (k kind) isPassedOn(resp *http.Response) bool {
	return k.proxied && resp.Header.Get(auditID) != ""
}

// auditID is the header by which an answer is the API server's.
const auditID = "Audit-Id"

// isStream reports whether the answer to a read goes on for as long as the client reads.
func isStream(u *url.URL) bool {
	q := u.Query()
	return q.Get("watch") == "true" || q.Get("follow") == "true"
}

// retryAfter is the time after which a 429 wants the request again.
func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		return time.Second
	}
	return time.Duration(seconds) * time.Second
}

// isRefusal reports whether an error is an answer, or a certificate's fault.
func isRefusal(err error) bool {
	return httpstream.IsUpgradeFailure(err) || errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(tls.AlertError))
}

// neverSent reports whether there was not even a connection.
func neverSent(err error) bool {
	op, is := errors.AsType[*net.OpError](err)
	return is && op.Op == "dial"
}

// webhookFails is how the API server says that it needs a webhook which does not
// answer (k8s.io/apiserver, pkg/admission/plugin/webhook/errors).
var webhookFails = regexp.MustCompile(`failed calling webhook`)

// isWebhooks reports whether a 5xx is an admission webhook's fault: the API server
// has waited for it as long as it is configured to.
func isWebhooks(resp *http.Response) bool {
	text, err := peek(resp)
	return err == nil && webhookFails.Match(text)
}

// quotaBusy is how the API server says that a quota is being written by others, or not counted yet. Nothing was
// made then (k8s.io/apiserver, pkg/admission/plugin/resourcequota).
var quotaBusy = regexp.MustCompile(`cannot be fulfilled on resourcequotas|status unknown for quota`)

// isQuotas reports whether a refusal is that of a quota that is busy.
func isQuotas(resp *http.Response) bool {
	if resp.StatusCode != http.StatusConflict && resp.StatusCode != http.StatusForbidden {
		return false
	}
	text, err := peek(resp)
	return err == nil && quotaBusy.Match(text)
}

// isGone reports whether what is to be deleted is not there any more, or, by the
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
