// Package apiserver starts a bare API server for tests: etcd and kube-apiserver, as
// kbe-cluster builds them, on loopback, without nodes and without controllers. It
// needs seconds, no root, and Linux.
package apiserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/provider"
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
}

// Start starts an API server, and stops it when the test ends.
func Start(t testing.TB) *Server {
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
	run(t, filepath.Join(bin, "kube-apiserver"), "--etcd-servers="+etcd, "--bind-address=127.0.0.1", "--secure-port="+secure,
		"--cert-dir="+filepath.Join(dir, "certs"), "--token-auth-file="+tokens, "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+key, "--service-account-signing-key-file="+key,
		// Without the controllers, nobody makes service accounts.
		"--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none")
	s := &Server{Kubeconfig: filepath.Join(dir, "kubeconfig"), Config: &rest.Config{Host: "https://127.0.0.1:" + secure, BearerToken: token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(dir, "certs", "apiserver.crt")}}}
	s.awaitReady(t)
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

func run(t testing.TB, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		if t.Failed() && testing.Verbose() {
			t.Logf("%s:\n%s", filepath.Base(program), tail(output.String()))
		}
	})
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

func (s *Server) awaitReady(t testing.TB) {
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
	for ctx.Err() == nil {
		changes, err := client.CoreV1().Namespaces().Watch(ctx, metav1.ListOptions{})
		if err != nil {
			continue
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
	}
}
