package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// faultyProxy stands between a run and the real API server.
type faultyProxy struct {
	*httptest.Server
	mu sync.Mutex
	// stored are the objects that the API server has created, as PATH/NAME.
	stored []string
	faults int
}

// newFaultyProxy returns a proxy that carries out each create of a path that
// ends as suffix, the first time it comes, and then does not give the answer but
// what fault does to the connection.
func newFaultyProxy(t *testing.T, suffixes []string, fault func(http.ResponseWriter)) *faultyProxy {
	t.Helper()
	p := &faultyProxy{}
	proxy := toAPIServer(t)
	failed := map[string]bool{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isCreate := r.Method == http.MethodPost && !r.URL.Query().Has("dryRun")
		matches := false
		for _, suffix := range suffixes {
			matches = matches || isCreate && strings.HasSuffix(r.URL.Path, suffix)
		}
		if !matches {
			proxy.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, r)
		p.mu.Lock()
		if answer.Code == http.StatusCreated {
			var made metav1.PartialObjectMetadata
			if err := json.Unmarshal(answer.Body.Bytes(), &made); err != nil {
				t.Error(err)
			}
			p.stored = append(p.stored, r.URL.Path+"/"+made.Name)
		}
		breaks := !failed[r.URL.Path]
		failed[r.URL.Path] = true
		if breaks {
			p.faults++
		}
		p.mu.Unlock()
		if breaks {
			fault(w)
			return
		}
		copyAnswer(w, answer)
	}))
	t.Cleanup(p.Close)
	return p
}

// through makes a command of the plugin ask the proxy instead of the API server.
func (p *faultyProxy) through(c *exec.Cmd) *exec.Cmd {
	c.Args = append(c.Args, "--server", p.URL)
	return c
}

// TestACreateOfUnknownOutcomeIsFoundAgain loses the answer to the creation of
// the Namespace, of a Pod and of a controller, all of which were stored.
func TestACreateOfUnknownOutcomeIsFoundAgain(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter){
		"the connection breaks": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"the answer is 503":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		"the answer is 500":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			if name != "the connection breaks" {
				exhaustive(t)
			}
			t.Parallel()
			proxy := newFaultyProxy(t, []string{"/api/v1/namespaces", "/pods", "/replicationcontrollers"}, fault)
			stdout, stderr, code := outcome(t, proxy.through(plugin(t, "pods", "resources", "supervision")))
			if code != 0 || !strings.Contains(stdout, "claims hold") {
				t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
			}
			proxy.mu.Lock()
			defer proxy.mu.Unlock()
			if proxy.faults != 3 {
				t.Errorf("expected three faults, found %d", proxy.faults)
			}
			slices.Sort(proxy.stored)
			if once := slices.Compact(slices.Clone(proxy.stored)); len(once) != len(proxy.stored) {
				t.Errorf("expected each object created once, found %v", proxy.stored)
			}
			assertNoNamespace(t, namespaceOf(t, stdout))
		})
	}
}
