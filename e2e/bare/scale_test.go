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
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/apiserver"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// These benchmarks run kubectl-kbe against a real API server and etcd, with one program in place of
// the scheduler and of all kubelets. Its Pods run nothing: an exec gets what curl writes about
// answers of 1 ms. The metrics are those of kubectl-kbe: requests to the API server and
// CPU. The peak of its memory cannot be had this way: that which wait4(2) reports begins with the
// benchmark's own, from which it was started.

// peers is how many others each node probes.
const peers = 8

// onLabs runs a benchmark for each size, on a new cluster.
func onLabs(b *testing.B, of string, sizes []int, run func(b *testing.B, l *lab, n int)) {
	b.Helper()
	for _, n := range sizes {
		b.Run(fmt.Sprintf("%s=%d", of, n), func(b *testing.B) { run(b, newLab(b), n) })
	}
}

// BenchmarkReachNodes runs `kubectl kbe reach --nodes` on many nodes.
func BenchmarkReachNodes(b *testing.B) {
	onLabs(b, "nodes", []int{100, 1000, 5000}, func(b *testing.B, l *lab, n int) {
		l.simulate(b, n)
		for b.Loop() {
			r := l.reachNodes(b, n)
			if b.Failed() {
				return
			}
			for _, stage := range r.Matrix.Stages {
				b.ReportMetric(float64(stage.ElapsedMilliseconds)/1000, stage.Name+"-s")
			}
		}
		l.reportRequests(b, 1)
	})
}

// BenchmarkRunsSideBySide runs it many times at once, as the jobs of a CI do.
func BenchmarkRunsSideBySide(b *testing.B) {
	onLabs(b, "runs", []int{1, 20, 200}, func(b *testing.B, l *lab, runs int) {
		l.simulate(b, 3)
		for b.Loop() {
			var all sync.WaitGroup
			for range runs {
				all.Go(func() { l.reachNodes(b, 3) })
			}
			all.Wait()
		}
		l.reportRequests(b, runs)
		left, err := kubernetes.NewForConfigOrDie(l.server.Config).CoreV1().Namespaces().List(b.Context(), metav1.ListOptions{LabelSelector: session.RunLabel})
		if err != nil || len(left.Items) > 0 {
			b.Errorf("expected that no namespace of a run is left, found %d, %v", len(left.Items), err)
		}
	})
}

// onePod is a page about one Pod.
const onePod = "```bash\n" + `$ kubectl run web --image=docker.io/mhausenblas/simpleservice:0.5.0
pod/web created
$ kubectl wait --for=condition=Ready pod/web
pod/web condition met
$ kubectl get pod web
NAME   READY   STATUS    RESTARTS   AGE
web    1/1     Running   0          5s
` + "```\n"

// BenchmarkPodsOfOthers verifies a page in a Namespace that holds many Pods of others.
func BenchmarkPodsOfOthers(b *testing.B) {
	onLabs(b, "pods", []int{0, 1000, 10000}, func(b *testing.B, l *lab, n int) {
		l.simulate(b, 1)
		client := kubernetes.NewForConfigOrDie(l.server.Config)
		l.each(b, n, func(ctx context.Context, i int) error {
			_, err := client.CoreV1().Pods("default").Create(ctx, &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("other-", i), Labels: map[string]string{"app": "other"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "other", Image: "other"}}},
			}, metav1.CreateOptions{})
			return err
		})
		for b.Loop() {
			l.verify(b, "-n", "default")
		}
		l.reportRequests(b, 1)
	})
}

// BenchmarkResourcesOfOthers verifies a page on a cluster with many custom resources, which
// discovery lists; nothing of that is in a cache.
func BenchmarkResourcesOfOthers(b *testing.B) {
	onLabs(b, "crds", []int{0, 500, 2000}, func(b *testing.B, l *lab, n int) {
		l.simulate(b, 1)
		client := dynamic.NewForConfigOrDie(l.server.Config).Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
		l.each(b, n, func(ctx context.Context, i int) error {
			group, plural := fmt.Sprintf("group-%d.example.com", i/20), fmt.Sprintf("things%d", i)
			_, err := client.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": plural + "." + group},
				"spec": map[string]any{
					"group": group, "scope": "Namespaced", "names": map[string]any{"plural": plural, "kind": fmt.Sprintf("Thing%d", i)},
					"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true, "schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}}}},
				},
			}}, metav1.CreateOptions{})
			return err
		})
		l.awaitGroups(b, (n+19)/20)
		for b.Loop() {
			b.Setenv("KUBECACHEDIR", b.TempDir())
			l.verify(b)
		}
		l.reportRequests(b, 1)
	})
}

// lab is a cluster without nodes.
type lab struct {
	server *apiserver.Server
	audit  string
	mu     sync.Mutex // of metrics: runs may end at the same time
}

func newLab(b *testing.B) *lab {
	b.Helper()
	b.Setenv("XDG_CACHE_HOME", userCache(b))
	l := &lab{audit: filepath.Join(b.TempDir(), "audit")}
	policy := filepath.Join(b.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived, ResponseStarted]\nrules: [{level: Metadata}]\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	// The admission plugin would taint each node until a controller finds it ready.
	l.server = apiserver.Start(b, "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
		"--kubelet-preferred-address-types=InternalIP", "--audit-log-path="+l.audit, "--audit-policy-file="+policy)
	return l
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

// each makes n objects, many at a time.
func (l *lab) each(b *testing.B, n int, create func(ctx context.Context, i int) error) {
	b.Helper()
	var creates errgroup.Group
	creates.SetLimit(32)
	for i := range n {
		creates.Go(func() error { return create(b.Context(), i) })
	}
	if err := creates.Wait(); err != nil {
		b.Fatal(err)
	}
}

// awaitGroups waits until discovery lists the groups of custom resources.
func (l *lab) awaitGroups(b *testing.B, n int) {
	b.Helper()
	client := kubernetes.NewForConfigOrDie(l.server.Config).Discovery()
	err := wait.PollUntilContextTimeout(b.Context(), time.Second, 5*time.Minute, true, func(context.Context) (bool, error) {
		groups, err := client.ServerGroups()
		if err != nil {
			return false, err
		}
		found := 0
		for _, g := range groups.Groups {
			if strings.HasSuffix(g.Name, ".example.com") {
				found++
			}
		}
		return found == n, nil
	})
	if err != nil {
		b.Fatalf("expected that discovery lists %d groups of custom resources: %v", n, err)
	}
}

// kbe runs kubectl-kbe, reports what it used (of several runs, the last one), and returns what it printed.
func (l *lab) kbe(b *testing.B, args ...string) []byte {
	b.Helper()
	c := exec.CommandContext(b.Context(), "../../bin/kubectl-kbe", append(args, "-o", "json", "--kubeconfig", l.server.Kubeconfig)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		b.Errorf("%v: %s", err, tail(stderr.String()))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b.ReportMetric((c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), "cpu-s")
	return stdout.Bytes()
}

func (l *lab) reachNodes(b *testing.B, n int) (r v1alpha1.Reach) {
	b.Helper()
	out := l.kbe(b, "reach", "--nodes", "--peers", fmt.Sprint(peers))
	if err := json.Unmarshal(out, &r); err != nil || r.Verdict != v1alpha1.Passed || r.Matrix == nil || len(r.Matrix.Nodes) != n {
		b.Errorf("expected that all pairs of %d nodes are reachable, found %v %s", n, err, tail(string(out)))
	}
	return r
}

func (l *lab) verify(b *testing.B, args ...string) {
	b.Helper()
	page := filepath.Join(b.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte(onePod), 0o600); err != nil {
		b.Fatal(err)
	}
	var r v1alpha1.Report
	if err := json.Unmarshal(l.kbe(b, append([]string{"verify", page}, args...)...), &r); err != nil {
		b.Fatal(err)
	}
	if r.Verdict != v1alpha1.Passed {
		b.Errorf("expected that the page holds, found %s: %s", r.Verdict, r.Error)
	}
	b.ReportMetric(float64(r.VerdictMilliseconds)/1000, "verdict-s")
}

func tail(text string) string { return text[max(0, len(text)-2000):] }

// reportRequests reports the requests of each run, by the audit log.
func (l *lab) reportRequests(b *testing.B, runs int) {
	b.Helper()
	log, err := os.Open(l.audit)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	n := 0
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var ev struct{ UserAgent string }
		if err := json.Unmarshal(lines.Bytes(), &ev); err == nil && strings.HasPrefix(ev.UserAgent, "kubectl-kbe/") {
			n++
		}
	}
	b.ReportMetric(float64(n)/float64(b.N*runs), "requests/run")
}

// simulation is the scheduler and all kubelets.
type simulation struct {
	client kubernetes.Interface
	mu     sync.Mutex
	// versions are what the service in a Pod answers, by its address; addresses are
	// those of the Pods, by name.
	versions, addresses map[string]string
	pods                int
	work                chan func()
}

// simulate makes nodes whose kubelet is the simulation, until the benchmark ends.
func (l *lab) simulate(b *testing.B, n int) {
	b.Helper()
	s := &simulation{client: kubernetes.NewForConfigOrDie(l.server.Config), versions: map[string]string{}, addresses: map[string]string{}, work: make(chan func(), 2*n)}
	kubelet := httptest.NewTLSServer(s)
	b.Cleanup(kubelet.Close)
	port := int32(kubelet.Listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // of "tcp"
	l.each(b, n, func(ctx context.Context, i int) error {
		_, err := s.client.CoreV1().Nodes().Create(ctx, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i), Labels: map[string]string{corev1.LabelOSStable: "linux", corev1.LabelTopologyZone: fmt.Sprint("zone-", i%3)}},
			Status: corev1.NodeStatus{
				Conditions:      []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
				Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}},
				DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: port}},
			},
		}, metav1.CreateOptions{})
		return err
	})
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
	node := "node-0"
	if pod.Spec.Affinity != nil {
		node = pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
	}
	s.mu.Lock()
	s.pods++
	ip := netip.AddrFrom4([4]byte{10, byte(s.pods >> 16), byte(s.pods >> 8), byte(s.pods)}).String()
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
func (s *simulation) ExecInContainer(_ context.Context, pod, _, _ string, _ []string, in io.Reader, stdout, _ io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	s.mu.Lock()
	from := s.addresses[pod]
	s.mu.Unlock()
	var out strings.Builder
	mark := ""
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, `write-out = "\n`); ok {
			mark, _, _ = strings.Cut(text, "|")
		}
		if url, ok := strings.CutPrefix(line, `url = "`); ok {
			url = strings.TrimSuffix(url, `"`)
			host := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/info")
			ip, _, _ := strings.Cut(host, ":")
			s.mu.Lock()
			version := s.versions[ip]
			s.mu.Unlock()
			fmt.Fprintf(&out, "{\"host\": %q, \"version\": %q, \"from\": %q}\n%s|%s|200|70|0.001|0.002|0|\n", host, version, from, mark, url)
		}
	}
	_, err := io.WriteString(stdout, out.String())
	return err
}
