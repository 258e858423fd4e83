package preflight

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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

// TestInotify runs into a limit of its own, not into the user's, which others need.
func TestInotify(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}()
	if err := inotify(100); err == nil || !strings.Contains(err.Error(), "expected room for 915 more instances") {
		t.Errorf("more than there is room for: expected an error that says so, found %v", err)
	}
	if got, err := tryInotify(1); got != 1 || err != nil {
		t.Errorf("after that: expected all to be given back, found %v", err)
	}
}
