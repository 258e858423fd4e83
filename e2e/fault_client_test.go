package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientauthentication "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// clientFaults lie on the way to the API server, or in what the user gave.
var clientFaults = []fault{
	{row: 1, name: "nokubeconfig", how: "a kubeconfig that is not there", code: 3,
		provoke: func(s *scene) []string { return append(s.service(), "--kubeconfig", "/nonexistent/config") },
		want:    []string{"/nonexistent/config: no such file or directory", "use another one with --kubeconfig"}},
	{row: 1, name: "badkubeconfig", how: "a kubeconfig that is no YAML", code: 3,
		provoke: func(s *scene) []string {
			file := filepath.Join(s.TempDir(), "config")
			if err := os.WriteFile(file, []byte("{this is no kubeconfig"), 0o600); err != nil {
				s.Fatal(err)
			}
			return append(s.service(), "--kubeconfig", file)
		},
		want: []string{"the kubeconfig cannot be read", "error loading config file"}},
	{row: 1, name: "nocontext", how: "a context that the kubeconfig does not have", code: 3,
		provoke: func(s *scene) []string { return append(s.service(), "--context", "nowhere") },
		want:    []string{`context "nowhere" does not exist`, "use one of the contexts of"}},
	{row: 2, name: "refused", how: "nothing listens at the API server's address", code: 3,
		provoke: func(s *scene) []string { return append(s.service(), "--server", "https://127.0.0.1:1") },
		want:    []string{"https://127.0.0.1:1", "connection refused", "tried for"}},
	{row: 2, name: "silent", how: "an API server that accepts connections and says nothing", code: 3,
		provoke: func(s *scene) []string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				s.Fatal(err)
			}
			s.Cleanup(func() { l.Close() })
			return append(s.service(), "--server", "https://"+l.Addr().String())
		},
		want: []string{"does not answer in time", "tried for 5"}},
	{row: 3, name: "unknownca", how: "a kubeconfig with the CA of another cluster", code: 3,
		provoke: func(s *scene) []string {
			other, _ := certificate(s, time.Now().Add(time.Hour))
			s.configure(func(_ *clientcmdapi.Config, cluster *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) {
				cluster.CertificateAuthority, cluster.CertificateAuthorityData = "", other
			})
			return s.service()
		},
		want: []string{"is not from the CA that the kubeconfig trusts", "certificate signed by unknown authority"}, never: []string{"insecure"}},
	{row: 3, name: "expired", how: "a server certificate that expired an hour ago", code: 3,
		provoke: func(s *scene) []string {
			ca, pair := certificate(s, time.Now().Add(-time.Hour))
			l, err := tls.Listen("tcp", "127.0.0.1:0", tlsConfig(pair))
			if err != nil {
				s.Fatal(err)
			}
			s.serve(l, http.NotFoundHandler())
			s.configure(func(_ *clientcmdapi.Config, cluster *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) {
				cluster.Server, cluster.CertificateAuthority, cluster.CertificateAuthorityData = "https://"+l.Addr().String(), "", ca
			})
			return s.service()
		},
		want: []string{"certificate has expired or is not yet valid", "is not valid at this time: now is", "is after"}, never: []string{"insecure"}},
	{row: 4, name: "unauthorized", how: "a token that the API server does not know", code: 3,
		provoke: func(s *scene) []string {
			s.configure(func(_ *clientcmdapi.Config, _ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
				*user = clientcmdapi.AuthInfo{Token: "not-a-token"}
			})
			return s.service()
		},
		want: []string{"rejects your credentials (401)", "log in again"}, never: []string{"not-a-token"}},
	{row: 4, name: "noplugin", how: "an exec plugin that is not installed", code: 3,
		provoke: func(s *scene) []string {
			s.configure(func(_ *clientcmdapi.Config, _ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
				*user = clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
					APIVersion: "client.authentication.k8s.io/v1", Command: "kbe-no-such-plugin", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
				}}
			})
			return s.service()
		},
		want: []string{"the kubeconfig's credential plugin is not installed: kbe-no-such-plugin"}},
	{row: 4, name: "slowplugin", how: "an exec plugin that asks the user, who takes six seconds", code: 0, slow: true,
		provoke: func(s *scene) []string {
			s.configure(func(_ *clientcmdapi.Config, _ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
				*user = clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
					APIVersion: "client.authentication.k8s.io/v1", Command: slowPlugin(s, user), InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
				}}
			})
			return s.service()
		},
		want: []string{"✓ 0 of 0 claims hold"}},
	{row: 11, name: "badimage", how: "--image with a reference that is none", code: 2,
		provoke: func(s *scene) []string {
			s.noReport = true
			return append(s.service(), "--image", "shell=Not An Image")
		},
		want: []string{`expected a reference such as HOST/NAME:TAG, found "Not An Image"`}},
	{row: 34, name: "noreport", how: "--report-file in a folder that is not there", code: 2,
		provoke: func(s *scene) []string {
			s.noReport = true
			return append(s.service(), "--report-file", "json=/nonexistent/report.json")
		},
		want: []string{"its folder is not writable"}},
	{row: 34, name: "diskfull", how: "--report-file on a disk that has no room", code: 3,
		provoke: func(s *scene) []string {
			s.noReport = true
			return append(s.service("get pod subject"), "--report-file", "html="+filepath.Join(fullDisk(s), "report.html"))
		},
		want: []string{"the report could not be written", "no space left on device", "claims hold. Finished in"}, slow: true},
	{row: 35, name: "closed", how: "standard output is closed after a line (`| head`)", code: 141, slow: true,
		provoke: func(s *scene) []string {
			s.when, s.at = "in namespace kbe-", func(_ *exec.Cmd, stdout io.Closer) { stdout.Close() }
			return s.service()
		},
		want: []string{"in namespace kbe-fclosed-"}},
}

// slowPlugin writes a credential plugin that gives the credentials of a user after
// more time than a request may take.
func slowPlugin(s *scene, user *clientcmdapi.AuthInfo) (path string) {
	s.Helper()
	credential, err := json.Marshal(clientauthentication.ExecCredential{
		TypeMeta: metav1.TypeMeta{APIVersion: "client.authentication.k8s.io/v1", Kind: "ExecCredential"},
		Status: &clientauthentication.ExecCredentialStatus{
			ClientCertificateData: string(user.ClientCertificateData), ClientKeyData: string(user.ClientKeyData),
		},
	})
	if err != nil {
		s.Fatal(err)
	}
	path = filepath.Join(s.TempDir(), "plugin")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nsleep 6\ncat <<'END'\n"+string(credential)+"\nEND\n"), 0o700); err != nil {
		s.Fatal(err)
	}
	return path
}

func tlsConfig(pair tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// certificate makes one for 127.0.0.1 that ends at a time, and is its own CA.
func certificate(s *scene, until time.Time) (pemCA []byte, pair tls.Certificate) {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kbe fault test"},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
