package pki

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

func TestCertificatesVerify(t *testing.T) {
	ca, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca.Cert) {
		t.Fatal("the authority's certificate does not parse")
	}
	server, err := ca.Server("server", "localhost", "10.89.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for host, ok := range map[string]bool{"localhost": true, "10.89.0.1": true, "10.89.0.2": false, "example.com": false} {
		_, err := leaf(t, server).Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
		if (err == nil) != ok {
			t.Errorf("server certificate for %s: valid expected to be %t, found %v", host, ok, err)
		}
	}
	client, err := ca.Client("system:node:node-1", "system:nodes")
	if err != nil {
		t.Fatal(err)
	}
	cert := leaf(t, client)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots}); err == nil {
		t.Error("a client certificate must not do for a server")
	}
	if cert.Subject.CommonName != "system:node:node-1" || len(cert.Subject.Organization) != 1 || cert.Subject.Organization[0] != "system:nodes" {
		t.Errorf("subject: found %s", cert.Subject)
	}
	other, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Server("server", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf(t, foreign).Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost"}); err == nil {
		t.Error("another authority of the same name must not be trusted")
	}
}

func leaf(t *testing.T, p Pair) *x509.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}
