package registry

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
)

// Port is that of the Front, on the control plane.
const Port = 5000

// Mirrored are the registries that this one is a mirror of. Repositories are stored under the name of their registry, such as
// quay.io/centos/centos.
var Mirrored = []string{"docker.io", "ghcr.io", "quay.io", "registry.k8s.io"}

// Front is the nodes' endpoint of the registry: read-only, with token authentication.
type Front struct {
	registry http.Handler
	tokens   tokens

	mu       sync.Mutex
	behavior Behavior
	meters   meters
}

// NewFront returns the front of the registry that listens on socket.
func NewFront(socket string) *Front {
	return &Front{
		tokens: tokens{rand.Text(): anonymous, rand.Text(): User},
		registry: &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host = "http", "registry"
				r.Out.Header.Del("Authorization") // the token is the Front's
			},
			Transport: onSocket(socket),
		},
	}
}

// onSocket dials a unix socket, whatever the host of a request is.
func onSocket(socket string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
}

// Set changes the behavior for all later requests.
func (f *Front) Set(b Behavior) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b.MegabitsPerSecond != f.behavior.MegabitsPerSecond {
		f.meters = meters{bitsPerSecond: b.MegabitsPerSecond * 1e6}
	}
	f.behavior = b
}

// ServeHTTP responds to a node.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "images are pushed with `kbe-cluster push`")
	case r.URL.Path == tokenPath:
		f.tokens.grant(w, r)
	default:
		f.pull(w, r)
	}
}

func (f *Front) pull(w http.ResponseWriter, r *http.Request) {
	repository := repositoryOf(r.URL.Path)
	f.mu.Lock()
	answer := f.behavior.of(repository)
	w = f.meters.meter(w, r)
	f.mu.Unlock()
	user, known := f.tokens.user(r)
	switch {
	case !known:
		challenge(w, r, repository, "")
	case answer == Private && user == anonymous:
		challenge(w, r, repository, "insufficient_scope")
	case answer == Schema1 && isManifest(r.URL.Path):
		serveSchema1(w, r)
	case answer.status() != 0:
		refuse(w, answer.status(), answers[answer].code, answers[answer].message)
	default:
		f.registry.ServeHTTP(w, r)
	}
}

// repositoryOf returns NAME of /v2/NAME/manifests/1 and the like, and "" of other paths.
func repositoryOf(path string) string {
	rest, _ := strings.CutPrefix(path, "/v2/")
	for _, kind := range []string{"/manifests/", "/blobs/", "/tags/", "/referrers/"} {
		if name, _, found := strings.Cut(rest, kind); found {
			return name
		}
	}
	return ""
}

func isManifest(path string) bool { return strings.Contains(path, "/manifests/") }

// refuse writes an error in the format of the OCI Distribution Specification.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors": [{"code": %q, "message": %q}]}`, code, message)
}
