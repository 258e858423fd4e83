package e2e

import (
	"context"
	"net"
	"strings"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"
)

// TestLocalhost asserts that the containers of a Pod share a network namespace:
// one reaches the other on localhost.
func TestLocalhost(t *testing.T) {
	f := newFixture(t, "localhost")
	pod := f.start(f.pod("siblings", "", f.sise("0.5.0"), f.shell()))

	feature := features.New("localhost").
		Assess("a container reaches its sibling", func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
			got := f.on(t).curl(pod.Name, "localhost:9876/info", "")
			if got.Host != "localhost:9876" || got.Version != "0.5.0" {
				t.Errorf("expected host localhost:9876 and version 0.5.0, found %+v", got)
			}
			if from := net.ParseIP(got.From); from == nil || !from.IsLoopback() {
				t.Errorf("expected a caller on the loopback interface, found %q", got.From)
			}
			return ctx
		}).
		Assess("it is the sibling that answers", func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
			f := f.on(t)
			if first := strings.TrimSpace(f.run("exec", pod.Name, "-c", "shell", "--", "cat", "/proc/1/comm").Stdout); first != "sleep" {
				t.Errorf("expected to ask from the container shell, whose first process is sleep; found %q", first)
			}
			nonce := envconf.RandomName("sibling", 24)
			if got := f.curl(pod.Name, "127.0.0.1:9876/info", nonce); got.Host != nonce || got.From != "127.0.0.1" {
				t.Errorf("expected host %q from 127.0.0.1, found %+v", nonce, got)
			}
			if log := f.run("logs", pod.Name, "-c", "sise").Stdout; !strings.Contains(log, nonce) {
				t.Errorf("the log of container sise does not have the request with Host %q", nonce)
			}
			return ctx
		})
	testenv.Test(t, feature.Feature())
}
