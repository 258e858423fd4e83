package preflight

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestRuncVersion(t *testing.T) {
	for out, want := range map[string]bool{
		"runc version 1.1.5+ds1\ncommit: x\n": true, "runc version 1.2.0-rc.1": true, "runc version 2.0": true,
		"runc version 1.0.3\n": false, "runc version unknown": false, "": false} {
		if version, ok := runcVersion(out); ok != want {
			t.Errorf("%q (%s): expected %t", out, version, want)
		}
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{"5.13.0-generic": true, "6.1": true, "5.4.0": false, "x": false} {
		if atLeast(version, 5, 13) != want {
			t.Errorf("%s: expected %t", version, want)
		}
	}
}

func TestPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := l.Addr().(*net.TCPAddr).Port
	if err := port(taken); err == nil || !strings.Contains(err.Error(), "--port") {
		t.Errorf("a port that is taken: expected an error that says what to do, found %v", err)
	}
	l.Close()
	if err := port(taken); err != nil {
		t.Error(err)
	}
}

func TestFree(t *testing.T) {
	dir := t.TempDir()
	if err := free(dir, 1, "test", "do this"); err != nil {
		t.Error(err)
	}
	if err := free(dir, 1<<60, "test", "do this"); err == nil || !strings.Contains(err.Error(), "do this") {
		t.Errorf("expected an error that says what to do, found %v", err)
	}
}

func TestExisting(t *testing.T) {
	dir := t.TempDir()
	if got := existing(filepath.Join(dir, "a", "b")); got != dir {
		t.Errorf("expected %s, found %s", dir, got)
	}
	if got := existing("/no-such-folder"); got != "/" {
		t.Errorf("expected /, found %s", got)
	}
}

func TestProblemsListsAll(t *testing.T) {
	text := Problems{errors.New("first"), errors.New("second")}.Error()
	if !strings.Contains(text, "- first\n") || !strings.Contains(text, "- second") {
		t.Errorf("found %s", text)
	}
}

func TestToIPv6(t *testing.T) {
	for _, rules := range []string{toIPv6.Replace(nftRules), toIPv6.Replace(iptablesRules)} {
		if !strings.Contains(rules, "[fd00:10:244:1::2]:80") || strings.Contains(rules, "10.244") || strings.Contains(rules, "ipv4") {
			t.Errorf("expected rules for IPv6 only, found:\n%s", rules)
		}
	}
}
