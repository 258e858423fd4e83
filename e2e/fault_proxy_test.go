package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// proxyFaults are made by a proxy on loopback, in front of the real API server.
var proxyFaults = []fault{
	{row: 24, name: "expiry", how: "each watch expires at once (410) for the first ten times", code: 0, slow: true,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			var watches atomic.Int32
			return func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("watch") == "true" && watches.Add(1) <= 10 {
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprintln(w, `{"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}}`)
					return
				}
				pass.ServeHTTP(w, r)
			}
		}),
		want: []string{"pod/subject condition met", "✓ 0 of 0 claims hold"}, never: []string{"410", "Expired"}},
	{row: 25, name: "throttled", how: "each fifth request gets 429, without Retry-After", code: 0, slow: true,
		provoke: behindProxy(eachGets(5, http.StatusTooManyRequests), "get pod subject"),
		want:    []string{"throttled, retrying in 1 s", "✓ 0 of 0 claims hold"}},
	{row: 25, name: "wait", how: "each fifth request gets 429, with Retry-After: 2", code: 0, slow: true,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			turnedAway := eachGets(5, http.StatusTooManyRequests)(pass)
			return func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", "2") // counts with 429 only
				turnedAway(w, r)
			}
		}, "get pod subject"),
		want: []string{"throttled, retrying in 2 s", "✓ 0 of 0 claims hold"}},
	{row: 26, name: "failing", how: "each fifth request gets 500", code: 0, slow: true,
		provoke: behindProxy(eachGets(5, http.StatusInternalServerError), "get pod subject"),
		want:    []string{"✓ 0 of 0 claims hold"}},
	{row: 23, name: "reset", how: "a proxy breaks each fifth connection", code: 0, slow: true,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			var count atomic.Int32
			return func(w http.ResponseWriter, r *http.Request) {
				if count.Add(1)%5 == 0 {
					panic(http.ErrAbortHandler)
				}
				pass.ServeHTTP(w, r)
			}
		}, "get pod subject", "exec subject -- true"),
		want: []string{"✓ 0 of 0 claims hold"}},
	{row: 23, name: "cut", how: "a proxy cuts the first exec off in its midst", code: 0, slow: true,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			var execs atomic.Int32
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Upgrade") != "" && execs.Add(1) == 1 {
					ctx, cancel := context.WithTimeout(r.Context(), 500*time.Millisecond)
					defer cancel()
					r = r.WithContext(ctx)
				}
				pass.ServeHTTP(w, r)
			}
		}, `exec subject -- sh -c 'sleep 1; echo to the end'`),
		want: []string{"was lost: the command is run again", "to the end", "✓ 0 of 0 claims hold"}},
	{row: 22, name: "slow", how: "each answer of the API server takes 200 ms longer", code: 0, slow: true,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				timer := time.NewTimer(200 * time.Millisecond)
				defer timer.Stop()
				select {
				case <-timer.C:
				case <-r.Context().Done():
				}
				pass.ServeHTTP(w, r)
			}
		}, "get pod subject"),
		want: []string{"✓ 0 of 0 claims hold"}},
	{row: 37, name: "nowebsocket", how: "a proxy that refuses WebSocket, and lets SPDY pass", code: 0, slow: true,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Upgrade") == "websocket" {
					http.Error(w, "no upgrade here", http.StatusForbidden)
					return
				}
				pass.ServeHTTP(w, r)
			}
		}, "exec subject -- printf %s-%s it works"),
		want: []string{"it-works", "✓ 0 of 0 claims hold"}, never: []string{"no upgrade here"}},
	{row: 37, name: "fewupgrades", how: "a proxy whose first upgrades, to WebSocket and to SPDY, get 503", code: 0, slow: true,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			var upgrades atomic.Int32
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Upgrade") != "" && upgrades.Add(1) <= 2 {
					http.Error(w, "no upgrade yet", http.StatusServiceUnavailable)
					return
				}
				pass.ServeHTTP(w, r)
			}
		}, "exec subject -- printf %s-%s it works"),
		want: []string{"no upgrade yet", "was lost: the command is run again", "it-works", "✓ 0 of 0 claims hold"}},
	{row: 37, name: "noupgrade", how: "a proxy that refuses WebSocket and SPDY", code: 3,
		provoke: behindProxy(func(pass http.Handler) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Upgrade") != "" {
					http.Error(w, "no upgrade here", http.StatusForbidden)
					return
				}
				pass.ServeHTTP(w, r)
			}
		}, "exec subject -- true"),
		want: []string{"blocks upgraded connections (WebSocket, SPDY)"}},
}

// eachGets answers each n-th request with a status.
func eachGets(n int32, status int) func(http.Handler) http.HandlerFunc {
	return func(pass http.Handler) http.HandlerFunc {
		var count atomic.Int32
		return func(w http.ResponseWriter, r *http.Request) {
			if count.Add(1)%n == 0 {
				http.Error(w, "turned away by the proxy", status)
				return
			}
			pass.ServeHTTP(w, r)
		}
	}
}

// toAPIServer passes requests on to the API server, as the suite's user.
func toAPIServer(t *testing.T) http.Handler {
	t.Helper()
	cfg, err := kube.ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg = rest.CopyConfig(cfg)
	cfg.NextProtos = []string{"http/1.1"} // an upgraded connection needs it
	transport, err := rest.TransportFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(cfg.Host)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(server) },
		Transport: transport, FlushInterval: -1, ErrorLog: discard,
	}
}

// behindProxy is an example whose requests a handler sees, which may pass them on
// to the API server.
func behindProxy(fault func(pass http.Handler) http.HandlerFunc, then ...string) func(*scene) []string {
	return func(s *scene) []string {
		s.Helper()
		s.putBehindProxy(fault)
		return s.pod("  containers: [{name: main, image: SHELL, command: [sleep, infinity]}]", then...)
	}
}

func (s *scene) putBehindProxy(fault func(pass http.Handler) http.HandlerFunc) {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	s.serve(l, fault(toAPIServer(s.T)))
	s.configure(func(_ *clientcmdapi.Config, cluster *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
		*cluster = clientcmdapi.Cluster{Server: "http://" + l.Addr().String()}
		*user = clientcmdapi.AuthInfo{}
	})
}
