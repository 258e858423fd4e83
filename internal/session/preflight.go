package session

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
)

// limits are those of each of the first requests.
type limits struct {
	// connect is until the host has taken the connection: a user should learn soon that it does
	// not. handshake is until it may be used, and answer until there is an answer: both take
	// long where an API server, or this machine, has much to do.
	connect, handshake, answer time.Duration
}

var preflightLimits = limits{connect: 4 * time.Second, handshake: 5 * time.Second, answer: 30 * time.Second}

// within bounds the requests of a client. It counts from when a request has its
// credentials: a plugin that fetches them may prompt the user, who takes longer.
type within struct {
	limits
	next http.RoundTripper
}

func (w within) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	limit := time.AfterFunc(w.connect, func() { cancel(context.DeadlineExceeded) })
	defer limit.Stop()
	resp, err := w.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeStart: func() { limit.Reset(w.handshake) },
		GotConn:           func(httptrace.GotConnInfo) { limit.Reset(w.answer) },
	})))
	if err == nil {
		_, err = peek(resp) // what comes later would be cut off
	}
	if err != nil {
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	return resp, nil
}

// Preflight finds out, with requests all at once, whether there is an API server and whether it
// grants what a run needs. Nothing is created. It returns the server's version, and, for a
// run that has its own Namespace to delete, the aggregated APIs that are down, as
// GROUP/VERSION; the error names what is not granted.
func Preflight(ctx context.Context, cfg *rest.Config, grant rbac.Grant) (version string, down []string, err error) {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1 // the requests are few, and sent at once
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return within{preflightLimits, next} })
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return "", nil, err
	}
	var denied error
	var wg sync.WaitGroup
	wg.Go(func() { denied = rbac.Check(ctx, client, grant) })
	if grant.Namespace == "" {
		wg.Go(func() { down = unavailableAPIs(ctx, client.DiscoveryClient) })
	}
	version, err = serverVersion(ctx, cfg.Host, client)
	wg.Wait()
	if err != nil {
		return "", nil, err
	}
	return version, down, denied
}

// unavailableAPIs are the aggregated APIs whose server does not answer, as the API server
// has it in its list of APIs: as long as there is one, no Namespace is deleted for good.
func unavailableAPIs(ctx context.Context, client *discovery.DiscoveryClient) (down []string) {
	_, _, failed, err := client.GroupsAndMaybeResourcesWithContext(ctx)
	if err != nil {
		return nil // the other requests show it
	}
	for version := range failed {
		down = append(down, version.String())
	}
	slices.Sort(down)
	return down
}

// serverVersion is the first sign that there is an API server.
func serverVersion(ctx context.Context, host string, client kubernetes.Interface) (string, error) {
	begin := time.Now()
	body, err := client.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", fmt.Errorf("request to the API server %s, tried for %.1f s: %w", host, time.Since(begin).Seconds(), err)
	}
	var info version.Info
	if err := json.Unmarshal(body, &info); err != nil {
		return "", fmt.Errorf("the API server %s: expected its version, found %.80q: is it a Kubernetes API server?", host, body)
	}
	return info.GitVersion, nil
}
