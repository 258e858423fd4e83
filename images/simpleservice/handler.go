package main

import (
	"crypto/sha1" //nolint:gosec // an Etag as the original computes it, not a secret
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// service answers the four endpoints. It is what a client sees of the twin.
type service struct {
	cfg config
	log *log.Logger
}

// ServeHTTP routes by the path as it was sent, undecoded and not cleaned: the original
// compares raw paths, and http.ServeMux would redirect where it says 404.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	status := s.answer(w, r)
	level := "INFO"
	if status >= 400 {
		level = "WARNING"
	}
	elapsed := float64(time.Since(start)) / float64(time.Millisecond)
	logf(s.log, level, "%d %s %s (%s) %.2fms", status, r.Method, r.RequestURI, caller(r), elapsed)
}

func (s *service) answer(w http.ResponseWriter, r *http.Request) int {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	known := path == "/info" || path == "/health" || path == "/env" || path == "/endpoint0"
	switch {
	// A method that HTTP does not know is refused before the path is looked at.
	case !knownMethod(r.Method), known && r.Method != http.MethodGet:
		return sendError(w, http.StatusMethodNotAllowed)
	case !known:
		return sendError(w, http.StatusNotFound)
	}
	logf(s.log, "INFO", "%s serving from %s has been invoked from %s", path, host(r), caller(r))
	if path == "/health" {
		s.delay(r)
	}
	return sendJSON(w, r, s.body(path, r))
}

// body has its fields in the original's order.
func (s *service) body(path string, r *http.Request) string {
	version := member{"version", quoteJSON(s.cfg.version)}
	switch path {
	case "/info":
		return object(member{"host", quoteJSON(host(r))}, version, member{"from", quoteJSON(caller(r))})
	case "/endpoint0":
		return object(member{"host", quoteJSON(host(r))}, version, member{"result", quoteJSON("all is well")})
	case "/env":
		return object(version, member{"env", quoteJSON(dictOf(os.Environ()))})
	default:
		return object(member{"healthy", "true"})
	}
}

// delay waits in [min, max), as configured, or until the client is gone.
func (s *service) delay(r *http.Request) {
	if s.cfg.healthMax <= s.cfg.healthMin {
		return
	}
	wait := s.cfg.healthMin + rand.N(s.cfg.healthMax-s.cfg.healthMin) //nolint:gosec // a delay, not a secret
	select {
	case <-time.After(wait):
	case <-r.Context().Done():
	}
}

// sendJSON answers 200, or 304 to a client that has this very body already.
func sendJSON(w http.ResponseWriter, r *http.Request, body string) int {
	etag := fmt.Sprintf(`"%x"`, sha1.Sum([]byte(body))) //nolint:gosec // see the import
	w.Header().Set("Etag", etag)
	if hasEtag(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	send(w, http.StatusOK, "application/json", body)
	return http.StatusOK
}

func sendError(w http.ResponseWriter, status int) int {
	text := fmt.Sprintf("%d: %s", status, http.StatusText(status))
	send(w, status, "text/html; charset=UTF-8", "<html><title>"+text+"</title><body>"+text+"</body></html>")
	return status
}

func send(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	// Always said, so that a long /env is not sent in chunks.
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// The only possible error is a client that left; the access line is logged either way.
	_, _ = w.Write([]byte(body))
}

// hasEtag compares weakly, as RFC 9110 asks for If-None-Match.
func hasEtag(ifNoneMatch, etag string) bool {
	if strings.TrimSpace(ifNoneMatch) == "*" {
		return true
	}
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		if strings.TrimPrefix(strings.TrimSpace(candidate), "W/") == etag {
			return true
		}
	}
	return false
}

func knownMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

// host is the Host header; HTTP/1.0 knows requests without one.
func host(r *http.Request) string {
	if r.Host == "" {
		return "127.0.0.1"
	}
	return r.Host
}

// caller is the IP address at the other end of the connection, without its port. A
// dual-stack socket sees IPv4 callers as ::ffff:a.b.c.d; that is not what they are.
func caller(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return peer.Addr().Unmap().String()
}
