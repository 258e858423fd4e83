//go:build linux

package bare

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/apiserver"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// peers is how many others each node probes.
const peers = 8

// BenchmarkReachNodes runs `kubectl kbe reach --nodes` on simulated nodes: a real API server
// and etcd, and one program in place of the scheduler and of all kubelets. Its Pods run
// nothing: an exec gets what curl writes about answers of 1 ms. The metrics are those of
// kubectl-kbe: requests to the API server, CPU, the peak of its memory.
func BenchmarkReachNodes(b *testing.B) {
	for _, n := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			b.Setenv("XDG_CACHE_HOME", userCache(b))
			audit := filepath.Join(b.TempDir(), "audit")
			policy := filepath.Join(b.TempDir(), "policy.yaml")
			if err := os.WriteFile(policy, []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived, ResponseStarted]\nrules: [{level: Metadata}]\n"), 0o600); err != nil {
				b.Fatal(err)
			}
			// The admission plugin would taint each node until a controller finds it ready.
			server := apiserver.Start(b, "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
				"--kubelet-preferred-address-types=InternalIP", "--audit-log-path="+audit, "--audit-policy-file="+policy)
			simulate(b, server, n)
			for b.Loop() {
				reachNodes(b, server, n)
			}
			b.ReportMetric(float64(requestsOf(b, audit, "kubectl-kbe/"))/float64(b.N), "requests/op")
		})
	}
}

// userCache is where kbe-cluster has its parts.
func userCache(b *testing.B) string {
	b.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

func reachNodes(b *testing.B, server *apiserver.Server, n int) {
	b.Helper()
	c := exec.CommandContext(b.Context(), "../../bin/kubectl-kbe", "reach", "--nodes", "--peers", fmt.Sprint(peers), "-o", "json", "--kubeconfig", server.Kubeconfig)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		b.Fatalf("%v: %s", err, tail(stderr.String()))
	}
	var r v1alpha1.Reach
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		b.Fatal(err)
	}
	if r.Verdict != v1alpha1.Passed || len(r.Matrix.Nodes) != n {
		b.Errorf("expected that all pairs of %d nodes are reachable, found %s, %d nodes", n, r.Verdict, len(r.Matrix.Nodes))
	}
	usage, _ := c.ProcessState.SysUsage().(*syscall.Rusage)
	b.ReportMetric((c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), "cpu-s")
	b.ReportMetric(float64(usage.Maxrss)/1024, "peak-MiB") // KiB on Linux: getrusage(2)
	for _, stage := range r.Matrix.Stages {
		b.ReportMetric(float64(stage.ElapsedMilliseconds)/1000, stage.Name+"-s")
	}
}

func tail(text string) string { return text[max(0, len(text)-2000):] }

// requestsOf counts what the audit log has of a user agent.
func requestsOf(b *testing.B, file, agent string) (n int) {
	b.Helper()
	log, err := os.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var ev struct{ UserAgent string }
		if err := json.Unmarshal(lines.Bytes(), &ev); err == nil && strings.HasPrefix(ev.UserAgent, agent) {
			n++
		}
	}
	return n
}

// simulation is the scheduler and all kubelets.
type simulation struct {
	client kubernetes.Interface
	mu     sync.Mutex
	// versions are what the service in a Pod answers, by its address; addresses are
	// those of the Pods, by name.
	versions, addresses map[string]string
	work                chan func()
}

// simulate makes nodes whose kubelet is the simulation, until the benchmark ends.
func simulate(b *testing.B, server *apiserver.Server, n int) {
	b.Helper()
	s := &simulation{client: kubernetes.NewForConfigOrDie(server.Config), versions: map[string]string{}, addresses: map[string]string{}, work: make(chan func(), 2*n)}
	kubelet := httptest.NewTLSServer(s)
	b.Cleanup(kubelet.Close)
	port := int32(kubelet.Listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // of "tcp"
	var creates errgroup.Group
	creates.SetLimit(32)
	for i := range n {
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i), Labels: map[string]string{corev1.LabelOSStable: "linux", corev1.LabelTopologyZone: fmt.Sprint("zone-", i%3)}},
			Status: corev1.NodeStatus{
				Conditions:      []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
				Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}},
				DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: port}},
			},
		}
		creates.Go(func() error {
			_, err := s.client.CoreV1().Nodes().Create(b.Context(), node, metav1.CreateOptions{})
			return err
		})
	}
	if err := creates.Wait(); err != nil {
		b.Fatal(err)
	}
	for range 16 {
		go func() {
			for do := range s.work {
				do()
			}
		}()
	}
	factory := informers.NewSharedInformerFactoryWithOptions(s.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = session.RunLabel }))
	_, err := factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { s.see(b.Context(), obj) },
		UpdateFunc: func(_, obj any) { s.see(b.Context(), obj) },
	})
	if err != nil {
		b.Fatal(err)
	}
	factory.StartWithContext(b.Context())
}

// see binds and starts a new Pod, and ends one that is deleted.
func (s *simulation) see(ctx context.Context, obj any) {
	pod, ok := obj.(*corev1.Pod)
	switch {
	case !ok:
	case pod.DeletionTimestamp != nil:
		s.work <- func() {
			_ = s.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *metav1.NewDeleteOptions(0)) // it may be deleted already
		}
	case pod.Spec.NodeName == "":
		s.work <- func() { s.start(ctx, pod) }
	}
}

// start does what the scheduler and the kubelet do; where a request fails, the Pod does not
// get ready, and the benchmark fails.
func (s *simulation) start(ctx context.Context, pod *corev1.Pod) {
	node := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
	var number int
	_, _ = fmt.Sscanf(node, "node-%d", &number)
	ip := fmt.Sprintf("10.%d.%d.1", 1+number/250, 1+number%250)
	s.mu.Lock()
	s.addresses[pod.Name], s.versions[ip] = ip, versionOf(pod)
	s.mu.Unlock()
	api := s.client.CoreV1().Pods(pod.Namespace)
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
	if err := api.Bind(ctx, binding, metav1.CreateOptions{}); err != nil {
		return
	}
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, StartTime: &metav1.Time{Time: time.Now()},
		Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: pod.Spec.Containers[0].Name, Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}}},
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err == nil {
		_, _ = api.Patch(ctx, pod.Name, "application/merge-patch+json", patch, metav1.PatchOptions{}, "status")
	}
}

// versionOf is what the service of a Pod is to answer.
func versionOf(pod *corev1.Pod) string {
	for _, e := range pod.Spec.Containers[0].Env {
		if e.Name == "SIMPLE_SERVICE_VERSION" {
			return e.Value
		}
	}
	return ""
}

// ServeHTTP serves exec as a kubelet does: /exec/NAMESPACE/POD/CONTAINER.
func (s *simulation) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	parts := strings.Split(req.URL.Path, "/")
	opts, err := remotecommand.NewOptions(req)
	if err != nil || len(parts) != 5 || parts[1] != "exec" {
		http.Error(w, fmt.Sprintf("expected an exec, found %s: %v", req.URL, err), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, req, s, parts[3], "", parts[4], req.URL.Query()["command"], opts, time.Minute, time.Minute, remotecommand.SupportedStreamingProtocols)
}

// ExecInContainer writes what curl would of its configuration.
func (s *simulation) ExecInContainer(_ context.Context, pod, _, _ string, _ []string, in io.Reader, stdout, stderr io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	s.mu.Lock()
	from := s.addresses[pod]
	s.mu.Unlock()
	var out, endings strings.Builder
	mark := ""
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, `write-out = "%{stderr}\n`); ok {
			mark, _, _ = strings.Cut(text, "|")
		}
		if url, ok := strings.CutPrefix(line, `url = "`); ok {
			url = strings.TrimSuffix(url, `"`)
			host := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/info")
			ip, _, _ := strings.Cut(host, ":")
			s.mu.Lock()
			version := s.versions[ip]
			s.mu.Unlock()
			fmt.Fprintf(&out, "{\"host\": %q, \"version\": %q, \"from\": %q}\n", host, version, from)
			fmt.Fprintf(&endings, "%s|%s|200|70|0.001|0.002|0|\n", mark, url)
		}
	}
	if _, err := io.WriteString(stdout, out.String()); err != nil {
		return err
	}
	_, err := io.WriteString(stderr, endings.String())
	return err
}
