package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	restarts    = flag.Int("restarts", 2, "how often the API server is killed while a run goes on")
	failingRuns = flag.Int("failing-runs", 2, "how many runs have 5 % of their requests fail, alone and together with other faults")
)

// TestRunsPassWhileTheAPIServerRestarts kills the API server at a random moment of
// each run.
func TestRunsPassWhileTheAPIServerRestarts(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("kills the API server, which only the embedded cluster lets it do")
	}
	printed := 0
	var namespaces []string
	for range *restarts {
		c, server := plugin(t, "pods"), apiServer(t)
		// Until the cleanup, which also has to get through it; a run takes longer, for
		// a namespace needs more than five seconds to go.
		moment := rand.N(7 * time.Second) //nolint:gosec // a moment, not a secret
		story, code := runUntil(t, c, "in namespace kbe-pods-", func(io.Closer) {
			time.AfterFunc(moment, func() {
				if err := server.Kill(); err != nil {
					t.Error(err)
				}
			})
		})
		if code != 0 || !strings.Contains(story, "✓ 40 of 40 claims hold") {
			t.Errorf("API server killed after %s: expected exit code 0, found %d:\n%s", moment, code, story)
		}
		if strings.Contains(story, "reconnecting") {
			printed++
		}
		awaitRecovery(t)
		namespace := namespaceOf(t, story)
		assertNoNamespace(t, namespace)
		namespaces = append(namespaces, namespace)
	}
	assertCreatedOnce(t, namespaces)
	t.Logf("%d runs, %d of which printed that they reconnect", *restarts, printed)
}

// apiServer is the API server's process. When the test ends, it is waited until
// another is ready, should this one have been killed.
func apiServer(t *testing.T) *os.Process {
	t.Helper()
	server, err := embedded.Process(t.Context(), "kube-apiserver")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { awaitRecovery(t) })
	return server
}

// awaitRecovery waits until the API server is ready, and the controllers are back at
// work: after several restarts they probe it only every half a minute.
func awaitRecovery(t *testing.T) {
	t.Helper()
	eventually(t, "the API server is ready", func(ctx context.Context) bool {
		_, err := client(t).Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil
	})
	core := client(t).CoreV1()
	ns, err := core.Namespaces().Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "recovered-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a namespace gets its service account", func(ctx context.Context) bool {
		_, err := core.ServiceAccounts(ns.Name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	if err := core.Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}

// assertCreatedOnce asserts, by the audit log, that nothing was created twice in a
// Namespace, under a name that the run has given.
func assertCreatedOnce(t *testing.T, namespaces []string) {
	t.Helper()
	log, err := embedded.Log(t.Context(), "audit")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	for line := range strings.Lines(log) {
		var ev struct {
			auditEvent
			ResponseStatus struct{ Code int }
		}
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			continue // cut off when the API server was killed
		}
		o := ev.ObjectRef
		if !slices.Contains(namespaces, o.Namespace) || ev.Verb != "create" || ev.ResponseStatus.Code != http.StatusCreated || o.Subresource != "" || !strings.HasPrefix(ev.UserAgent, "kubectl-kbe/") ||
			strings.Contains(ev.RequestURI, "dryRun=") || strings.HasPrefix(o.Resource, "selfsubject") {
			continue
		}
		made[o.Resource+" "+o.Namespace+"/"+o.Name]++
	}
	for _, namespace := range namespaces {
		if made["pods "+namespace+"/sise"] == 0 {
			t.Errorf("expected that the audit log has pod sise in namespace %s", namespace)
		}
	}
	for object, times := range made {
		if times > 1 {
			t.Errorf("%s: expected it created once, found %d times", object, times)
		}
	}
}

// TestRunsPassWhileRequestsFail has a proxy fail 5 % of all requests: before they
// reach the API server, and after it has carried them out.
func TestRunsPassWhileRequestsFail(t *testing.T) {
	exhaustive(t)
	passWhileRequestsFail(t)
}

// TestRunsPassOnAnUnsteadyCluster has in addition the network plugin fail once for each Pod,
// and a webhook take a second to admit one.
func TestRunsPassOnAnUnsteadyCluster(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs the inside of the embedded cluster")
	}
	s := &scene{T: t, name: "pods"}
	s.networkFailsOnce()
	s.denyPods(func(*admissionv1.AdmissionRequest) *metav1.Status {
		<-time.After(time.Second)
		return nil
	})
	passWhileRequestsFail(t)
}

// passWhileRequestsFail runs the page through a lossy proxy.
func passWhileRequestsFail(t *testing.T) {
	t.Helper()
	proxy := &lossy{pass: toAPIServer(t), stored: map[string]int{}}
	server := httptest.NewServer(proxy)
	defer server.Close()
	for i := range *failingRuns {
		begin := time.Now()
		stdout, stderr, code := outcome(t, plugin(t, "pods", "--server", server.URL))
		t.Logf("run %d: exit %d after %.0f s", i+1, code, time.Since(begin).Seconds())
		if code != 0 || !strings.Contains(stdout, "✓ 40 of 40 claims hold") {
			t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
			continue
		}
		assertNoNamespace(t, namespaceOf(t, stdout))
	}
	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	for object, times := range proxy.stored {
		if times > 1 {
			t.Errorf("%s: expected it created once, found %d times", object, times)
		}
	}
	if proxy.failed == 0 {
		t.Error("expected that requests fail, found none")
	}
	t.Logf("%d runs, %d of %d requests failed", *failingRuns, proxy.failed, proxy.requests)
}

// lossy passes requests on, and fails one in twenty.
type lossy struct {
	pass http.Handler

	mu               sync.Mutex
	requests, failed int
	// stored counts what the API server has created, by PATH/NAME.
	stored map[string]int
}

func (u *lossy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fails := rand.N(20) == 0 //nolint:gosec // a choice, not a secret
	u.mu.Lock()
	u.requests++
	if fails {
		u.failed++
	}
	u.mu.Unlock()
	streams := r.Header.Get("Upgrade") != "" || r.URL.Query().Get("watch") == "true" || r.URL.Query().Get("follow") == "true"
	carriesOut := !streams && rand.N(2) == 0 //nolint:gosec // a choice, not a secret
	switch {
	case fails && !carriesOut:
	case streams:
		u.pass.ServeHTTP(w, r)
		return
	default:
		answer := httptest.NewRecorder()
		u.pass.ServeHTTP(answer, r)
		u.note(r, answer)
		if !fails {
			copyAnswer(w, answer)
			return
		}
	}
	switch rand.N(3) { //nolint:gosec // a choice, not a secret
	case 0:
		panic(http.ErrAbortHandler) // breaks the connection
	case 1:
		http.Error(w, "failed by the proxy", http.StatusInternalServerError)
	default:
		http.Error(w, "failed by the proxy", http.StatusServiceUnavailable)
	}
}

// note notes what a request has created.
func (u *lossy) note(r *http.Request, answer *httptest.ResponseRecorder) {
	if r.Method != http.MethodPost || answer.Code != http.StatusCreated || r.URL.Query().Has("dryRun") {
		return
	}
	var made metav1.PartialObjectMetadata
	if err := json.Unmarshal(answer.Body.Bytes(), &made); err != nil || made.Name == "" {
		return // a review, which is not stored
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stored[r.URL.Path+"/"+made.Name]++
}

func copyAnswer(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client may be gone
}
