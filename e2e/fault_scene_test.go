package e2e

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// image is the reference that the examples use for a short name.
func (s *scene) image(name string) string {
	s.Helper()
	pods, err := example.Load(examples.FS, "pods")
	if err != nil {
		s.Fatal(err)
	}
	return pods.Image(name)
}

// example writes an example of one scenario and returns the arguments to run it.
// Its steps are commands without "kubectl"; files are its manifests by name.
func (s *scene) example(files map[string]string, steps ...string) []string {
	s.Helper()
	dir := s.TempDir()
	text := fmt.Sprintf(`apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata: {name: %s}
spec:
  title: A fault
  images: {shell: %s, simpleservice: %s}
  scenarios:
  - name: fault
    title: A fault
    steps:
`, s.name, s.image("shell"), s.image("simpleservice"))
	for _, step := range steps {
		text += "    - run: kubectl " + step + "\n"
	}
	all := map[string]string{example.FileName: text}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			s.Fatal(err)
		}
	}
	return []string{"run", "-f", dir}
}

const untilReady = "wait --for=condition=Ready pod/subject --timeout=30s"

// pod is an example that creates a Pod, named subject, of a spec in YAML, and
// waits until it is Ready. SHELL and SERVICE stand for images.
func (s *scene) pod(spec string, then ...string) []string {
	s.Helper()
	spec = strings.NewReplacer("SHELL", s.image("shell"), "SERVICE", s.image("simpleservice")).Replace(spec)
	manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: subject}\nspec:\n" + strings.Trim(spec, "\n") + "\n"
	return s.example(map[string]string{"pod.yaml": manifest}, append([]string{"create -f pod.yaml", untilReady}, then...)...)
}

// service is an example that needs nothing but a Pod of the service.
func (s *scene) service(then ...string) []string {
	return s.pod("  containers: [{name: main, image: SERVICE}]", then...)
}

// ownNamespace creates a Namespace that the fault is provoked in.
func (s *scene) ownNamespace(labels map[string]string) string {
	s.Helper()
	s.namespace = s.name
	namespaces := client(s.T).CoreV1().Namespaces()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace, Labels: labels}}
	if _, err := namespaces.Create(s.Context(), ns, metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := namespaces.Delete(context.Background(), s.namespace, metav1.DeleteOptions{}); err != nil {
			s.Error(err)
		}
	})
	return s.namespace
}

// ownedNamespace is the one that the run has made.
func (s *scene) ownedNamespace() string {
	namespaces, err := client(s.T).CoreV1().Namespaces().List(s.Context(), metav1.ListOptions{LabelSelector: session.RunLabel})
	if err != nil {
		s.Error(err)
		return ""
	}
	for _, ns := range namespaces.Items {
		if strings.HasPrefix(ns.Name, "kbe-"+s.name+"-") {
			return ns.Name
		}
	}
	s.Errorf("expected a namespace of the run's own, found %d of others", len(namespaces.Items))
	return ""
}

// configure writes a kubeconfig that is the suite's but for a change.
func (s *scene) configure(change func(*clientcmdapi.Config, *clientcmdapi.Cluster, *clientcmdapi.AuthInfo)) {
	s.Helper()
	cfg, err := clientcmd.LoadFromFile(*kube.KubeConfig)
	if err != nil {
		s.Fatal(err)
	}
	current := cfg.Contexts[cfg.CurrentContext]
	change(cfg, cfg.Clusters[current.Cluster], cfg.AuthInfos[current.AuthInfo])
	s.kubeconfig = filepath.Join(s.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*cfg, s.kubeconfig); err != nil {
		s.Fatal(err)
	}
}

var discard = log.New(io.Discard, "", 0)

func newServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ErrorLog: discard, ReadHeaderTimeout: 10 * time.Second}
}

// serve answers requests until the fault has been tried.
func (s *scene) serve(l net.Listener, handler http.Handler) {
	server := newServer(handler)
	go func() { _ = server.Serve(l) }()
	s.Cleanup(func() { _ = server.Close() })
}
