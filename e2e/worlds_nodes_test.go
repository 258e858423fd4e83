package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
)

// Of worlds that differ in the nodes, and in what the nodes reach.

// fileOf is the path, on this machine, of a node's file.
func (s *scene) fileOf(node, path string) string {
	s.Helper()
	pid, err := embedded.PID(s.Context(), node+"/containerd")
	if err != nil {
		s.Fatal(err)
	}
	return filepath.Join("/proc", fmt.Sprint(pid), "root", path)
}

// replace writes a file of a node, at once as a whole, until the world ends.
func (s *scene) replace(node, path string, change func(old []byte) []byte) {
	s.Helper()
	file := s.fileOf(node, path)
	old, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	write := func(content []byte) {
		if err := os.WriteFile(file+".new", content, 0o600); err != nil {
			s.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			s.Fatal(err)
		}
	}
	write(change(old))
	s.Cleanup(func() { write(old) })
}

// failsOnce is a CNI plugin in front of ptp whose first ADD for each Pod fails, in the words
// of the VPC CNI.
const failsOnce = `#!/bin/sh
uid=${CNI_ARGS##*K8S_POD_UID=}
if [ "$CNI_COMMAND" = ADD ] && /bin/mkdir "/run/once-${uid%%;*}" 2>/dev/null; then
	echo '{"cniVersion": "1.0.0", "code": 11, "msg": "add cmd: failed to assign an IP address to container"}'
	exit 1
fi
exec /opt/cni/bin/ptp
`

// networkFailsOnce has the network plugin of all nodes fail once for each Pod.
func (s *scene) networkFailsOnce() {
	s.Helper()
	for _, node := range schedulableNodes(s.Context(), s.T) {
		plugin := s.fileOf(node, "/var/lib/cni/bin/once")
		if err := os.MkdirAll(filepath.Dir(plugin), 0o755); err != nil {
			s.Fatal(err)
		}
		// It stays: what it has added it also deletes.
		if err := os.WriteFile(plugin, []byte(failsOnce), 0o755); err != nil {
			s.Fatal(err)
		}
		s.replace(node, "/etc/cni/net.d/10-kbe.conflist", func(old []byte) []byte {
			return bytes.Replace(old, []byte(`"type": "ptp"`), []byte(`"type": "once"`), 1)
		})
	}
}

// slowRef is the image that a command pulls where pulls are slow: each its own, as another may
// have ended before it begins.
func slowRef(command string) string { return "docker.io/kbe-test/slow:" + command }

// slowImages pushes images of the service that each take a node 45 s to pull.
func (s *scene) slowImages(commands ...string) {
	s.Helper()
	for _, command := range commands {
		s.pushHeavy(slowRef(command))
	}
	must(s.Context(), s.T, setFault("slow-registry", "3"))
	s.Cleanup(func() { must(context.Background(), s.T, clearFault("slow-registry", "3")) })
}

// pushHeavy pushes an image of the service with 16 MiB more, which no other image has.
func (s *scene) pushHeavy(ref string) {
	s.Helper()
	archive, err := embedded.SimpleserviceVariant(s.Context(), ref, provider.Simpleservice{})
	if err != nil {
		s.Fatal(err)
	}
	image, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		s.Fatal(err)
	}
	layer, err := random.Layer(16<<20, types.DockerLayer)
	if err != nil {
		s.Fatal(err)
	}
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		s.Fatal(err)
	}
	reference, err := name.ParseReference(ref)
	if err != nil {
		s.Fatal(err)
	}
	heavy := filepath.Join(s.TempDir(), "slow.tar")
	if err := tarball.WriteToFile(heavy, reference, image); err != nil {
		s.Fatal(err)
	}
	must(s.Context(), s.T, func(ctx context.Context) error { return embedded.Push(ctx, heavy, ref) })
}

// unknownKubelets gives all kubelets serving certificates of their own, which the API server
// does not know.
func (s *scene) unknownKubelets() {
	s.Helper()
	const certificate, key = "/etc/kubernetes/kubelet.crt", "/etc/kubernetes/kubelet.key"
	for _, node := range schedulableNodes(s.Context(), s.T) {
		before := s.serves(s.Context(), node)
		s.Cleanup(func() { s.restartKubelet(node, before) })
		chain, private, err := cert.GenerateSelfSignedCertKey(node, nil, nil)
		if err != nil {
			s.Fatal(err)
		}
		s.replace(node, key, func([]byte) []byte { return private })
		s.replace(node, certificate, func([]byte) []byte { return chain })
		block, _ := pem.Decode(chain)
		s.restartKubelet(node, block.Bytes)
	}
}

// restartKubelet ends a kubelet, and waits until the next one serves with a certificate: up to
// v1.35, one that runs takes up a new certificate only for clients that send a name (SNI).
func (s *scene) restartKubelet(node string, certificate []byte) {
	s.Helper()
	ctx := context.Background() // the test may be over
	kubelet, err := embedded.Process(ctx, node+"/kubelet")
	if err != nil {
		s.Fatal(err)
	}
	if err := kubelet.Kill(); err != nil {
		s.Fatal(err)
	}
	eventually(s.T, node+" serves with the certificate", func(ctx context.Context) bool { return bytes.Equal(s.serves(ctx, node), certificate) })
	awaitNode(s.T, node)
}

// serves is the certificate that a node's kubelet serves with, or nil.
func (s *scene) serves(ctx context.Context, node string) []byte {
	n, err := client(s.T).CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	for _, address := range n.Status.Addresses {
		if address.Type != corev1.NodeInternalIP {
			continue
		}
		conn, err := embedded.Dial(ctx, node+"/kubelet", address.Address+":10250")
		if err != nil {
			return nil
		}
		defer conn.Close()
		secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is what is looked at
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil
		}
		return secure.ConnectionState().PeerCertificates[0].Raw
	}
	return nil
}

// tunnelDown answers each exec as an API server does whose tunnel to the kubelets answers 502.
func (s *scene) tunnelDown() {
	s.Helper()
	s.putBehindProxy(func(pass http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/exec") {
				pass.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintln(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500, "message":
				"error dialing backend: proxy error from 127.0.0.1:9345 while dialing 10.10.2.24:10250, code 502: 502 Bad Gateway"}`)
		}
	})
}
