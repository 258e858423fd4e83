//go:build linux

package apiserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
)

// startTimeout is how long the API server may take to be ready, also on a machine
// with much else to do.
const startTimeout = 2 * time.Minute

const token = "admin"

// Server is an API server that lives as long as a test.
type Server struct {
	// Config is that of its administrator.
	Config *rest.Config
	// Kubeconfig is a file with the same.
	Kubeconfig string
	process    *process
	// etcd is the URL of its clients.
	etcd string
}

// Stop stops the API server at once, as a crash does; etcd keeps what it holds.
func (s *Server) Stop() { s.process.end() }

// Compact has etcd forget all changes but the last ones, as it does by itself when it
// has kept them for five minutes. A watch cannot go on from before that: 410.
func (s *Server) Compact(t testing.TB) {
	t.Helper()
	state := struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}{}
	if err := json.Unmarshal(s.callEtcd(t, "/v3/kv/range", `{"key": "AA=="}`), &state); err != nil {
		t.Fatal(err)
	}
	s.callEtcd(t, "/v3/kv/compaction", fmt.Sprintf(`{"revision": %q, "physical": true}`, state.Header.Revision))
}

// callEtcd sends a request by etcd's JSON gateway
// (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway).
func (s *Server) callEtcd(t testing.TB, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.etcd+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("etcd: POST %s: expected 200, found %s %s, %v", path, resp.Status, text, err)
	}
	return text
}

// Restart starts the API server again, under its address, and does not wait until it
// is ready.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.process.begin(); err != nil {
		t.Fatal(err)
	}
}

// Start starts an API server with more flags, and stops it when the test ends.
func Start(t testing.TB, flags ...string) *Server {
	t.Helper()
	bin, err := parts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	client, peer, secure := freePort(t), freePort(t), freePort(t)
	etcd := "http://127.0.0.1:" + client
	run(t, filepath.Join(bin, "etcd"), "--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+etcd, "--advertise-client-urls="+etcd, "--listen-peer-urls=http://127.0.0.1:"+peer)
	key, tokens := filepath.Join(dir, "sa.key"), filepath.Join(dir, "tokens")
	write(t, key, newKey(t))
	write(t, tokens, []byte(token+",admin,admin,system:masters\n"))
	apiserver := run(t, filepath.Join(bin, "kube-apiserver"), append([]string{"--etcd-servers=" + etcd, "--bind-address=127.0.0.1", "--secure-port=" + secure,
		"--cert-dir=" + filepath.Join(dir, "certs"), "--token-auth-file=" + tokens, "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + key, "--service-account-signing-key-file=" + key,
		// Without the controllers, nothing creates service accounts.
		"--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none"}, flags...)...)
	s := &Server{process: apiserver, etcd: etcd, Kubeconfig: filepath.Join(dir, "kubeconfig"), Config: &rest.Config{Host: "https://127.0.0.1:" + secure, BearerToken: token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(dir, "certs", "apiserver.crt")}}}
	s.AwaitReady(t)
	s.writeKubeconfig(t)
	go serve(t.Context(), kubernetes.NewForConfigOrDie(s.Config))
	return s
}

// parts is the folder of the programs that kbe-cluster builds.
func parts(ctx context.Context) (string, error) {
	kbeCluster, err := provider.FindKBECluster()
	if err != nil {
		return "", fmt.Errorf("the API server is built by kbe-cluster: run `make build` first, or set KBE_CLUSTER: %w", err)
	}
	out, err := exec.CommandContext(ctx, kbeCluster, "build").Output()
	if err != nil {
		return "", fmt.Errorf("%s build: %w", kbeCluster, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}

// process is a program that lives as long as a test, and no longer than its process.
type process struct {
	program string
	args    []string
	output  bytes.Buffer
	kill    func()
	exited  chan struct{}
}

// begin starts the program from a thread of its own that lives until the program has
// ended: with that thread, the kernel would end the program, too (PR_SET_PDEATHSIG,
// prctl(2)), as it does when the test's process is killed.
func (p *process) begin() error {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, p.program, p.args...)
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.kill, p.exited = cancel, make(chan struct{})
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed
		}
	}()
	return <-started
}

func (p *process) end() {
	p.kill()
	<-p.exited
}

func run(t testing.TB, program string, args ...string) *process {
	t.Helper()
	p := &process{program: program, args: args}
	if err := p.begin(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.end()
		if t.Failed() && testing.Verbose() {
			t.Logf("%s:\n%s", filepath.Base(program), tail(p.output.String()))
		}
	})
	return p
}

func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // of "tcp"
}

func newKey(t testing.TB) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func write(t testing.TB, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// AwaitReady waits until the API server answers.
func (s *Server) AwaitReady(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	for {
		// The certificate is there before the API server listens.
		client, err := kubernetes.NewForConfig(s.Config)
		if err == nil {
			if _, err = client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{}); err == nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("kube-apiserver: expected that it is ready within %s: %v", startTimeout, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Server) writeKubeconfig(t testing.TB) {
	t.Helper()
	cfg := clientcmdapi.NewConfig()
	cfg.Clusters["bare"] = &clientcmdapi.Cluster{Server: s.Config.Host, CertificateAuthority: s.Config.CAFile}
	cfg.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: token}
	cfg.Contexts["bare"] = &clientcmdapi.Context{Cluster: "bare", AuthInfo: "admin"}
	cfg.CurrentContext = "bare"
	if err := clientcmd.WriteToFile(*cfg, s.Kubeconfig); err != nil {
		t.Fatal(err)
	}
}

// serve does for Namespaces what a run waits for, and what controllers would do: they
// get a service account, and go when they are deleted. What was in one is not looked for.
func serve(ctx context.Context, client kubernetes.Interface) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		changes, err := client.CoreV1().Namespaces().Watch(ctx, metav1.ListOptions{})
		if err != nil {
			return
		}
		for ev := range changes.ResultChan() {
			ns, ok := ev.Object.(*corev1.Namespace)
			switch {
			case !ok || ev.Type == "DELETED":
			case ns.DeletionTimestamp != nil:
				ns.Spec.Finalizers = nil
				_, _ = client.CoreV1().Namespaces().Finalize(ctx, ns, metav1.UpdateOptions{}) // else the next change does
			default:
				account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
				if _, err := client.CoreV1().ServiceAccounts(ns.Name).Create(ctx, account, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
					continue
				}
			}
		}
	}, 50*time.Millisecond)
}
