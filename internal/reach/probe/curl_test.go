package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	utilexec "k8s.io/client-go/util/exec"
)

var (
	curlFlag   = flag.String("curl", "curl", "the curl to test with")
	updateFlag = flag.Bool("update", false, "keep what this curl says in testdata; needs root, and a network namespace of its own: unshare -n")
)

// machine runs this machine's curl as in a container, and reports what it has said.
func machine(t *testing.T) Exec {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("curl runs in containers of Linux; here it finds other errors")
	}
	return func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
		c := exec.CommandContext(ctx, *curlFlag, command[1:]...)
		c.Stdin, c.Stdout, c.Stderr = stdin, stdout, stderr
		err := c.Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
		}
		return err
	}
}

// listener accepts connections on loopback and does with each what handle does.
func listener(t *testing.T, handle func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go accept(l, handle)
	return netip.MustParseAddrPort(l.Addr().String())
}

func accept(l net.Listener, handle func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go handle(conn)
	}
}

func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		defer conn.Close()
		if _, err := conn.Read(make([]byte, 1<<10)); err == nil {
			_, _ = io.WriteString(conn, text)
		}
	}
}

// service answers as the service does, with a version for each request.
func service(t *testing.T, address string, version func(n int64) string) netip.AddrPort {
	t.Helper()
	var requests atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		if err := json.NewEncoder(w).Encode(map[string]string{"host": r.Host, "version": version(requests.Add(1)), "from": from}); err != nil {
			t.Error(err)
		}
	}))
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return netip.MustParseAddrPort(l.Addr().String())
}

func same(version string) func(int64) string { return func(int64) string { return version } }

// closedPort is an address on loopback where nothing listens.
func closedPort(t *testing.T, host string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

// target is an address to probe, with a name for what is found of it.
type target struct {
	name    string
	address netip.AddrPort
}

func addresses(targets []target) (list []netip.AddrPort) {
	for _, each := range targets {
		list = append(list, each.address)
	}
	return list
}

func results(t *testing.T, in Exec, targets []target, opts Options) map[string]Result {
	t.Helper()
	list, err := Probe(t.Context(), in, addresses(targets), opts)
	if err != nil || len(list) != len(targets) {
		t.Fatalf("expected %d results, found %v, %v", len(targets), list, err)
	}
	found := map[string]Result{}
	for i, r := range list {
		found[targets[i].name] = r
	}
	return found
}

// row is a target of which each curl must find the same.
type row struct {
	name      string
	outcome   Outcome
	connected bool
	// old is what a curl before 7.75 makes of it, where that is something else: it
	// does not show how a transfer ended.
	old []Outcome
	// address is that of a target on this machine, or is nil.
	address func(*testing.T) netip.AddrPort
	// lab is the address of one that only a network namespace of the test's own has,
	// and how it is made.
	lab, make string
}

var rows = []row{
	{name: "answers", outcome: Answered, connected: true, address: func(t *testing.T) netip.AddrPort { return service(t, "127.0.0.1:0", same("n0nce")) }},
	{name: "answers over IPv6", outcome: Answered, connected: true, address: func(t *testing.T) netip.AddrPort { return service(t, "[::1]:0", same("n0nce")) }},
	{name: "nothing listens", outcome: Refused, address: func(t *testing.T) netip.AddrPort { return closedPort(t, "127.0.0.1:0") }},
	{name: "nothing on IPv6", outcome: Refused, address: func(t *testing.T) netip.AddrPort { return closedPort(t, "[::1]:0") }},
	{name: "accepts, is silent", outcome: Timeout, connected: true, address: func(t *testing.T) netip.AddrPort {
		return listener(t, func(c net.Conn) { <-t.Context().Done(); c.Close() })
	}},
	{name: "closes", outcome: Reset, connected: true, address: text("")},
	{name: "ends in the body", outcome: Reset, connected: true, old: []Outcome{Protocol}, address: text("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")},
	{name: "speaks SSH", outcome: Protocol, connected: true, old: []Outcome{Protocol, Reset}, address: text("SSH-2.0-OpenSSH\r\n")},
	{name: "another service", outcome: Protocol, connected: true, address: text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")},
	{name: "another status", outcome: Protocol, connected: true, address: text("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")},
	{name: "a long answer", outcome: Protocol, connected: true, address: text("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1<<17))},
	{name: "packets are dropped", outcome: Timeout, lab: "127.0.0.70:9876", make: "iptables -A OUTPUT -d 127.0.0.70 -j DROP"},
	{name: "a router says no", outcome: Unreachable, lab: "127.0.0.66:9876", make: "iptables -A OUTPUT -d 127.0.0.66 -j REJECT --reject-with icmp-host-unreachable"},
	{name: "a filter says no", outcome: Refused, lab: "127.0.0.69:9876", make: "iptables -A OUTPUT -d 127.0.0.69 -j REJECT"},
	{name: "no route", outcome: Unreachable, lab: "10.3.0.1:9876", make: "ip link set lo up"},
	{name: "no route over IPv6", outcome: Unreachable, lab: "[fd00::1]:9876", make: "ip link set lo up"},
	{name: "an unreachable route", outcome: Unreachable, lab: "10.1.0.1:9876", make: "ip route add unreachable 10.1.0.0/16"},
	{name: "a prohibited route", outcome: Unreachable, lab: "10.2.0.1:9876", make: "ip route add prohibit 10.2.0.0/16"},
	{name: "a black hole", outcome: Unreachable, lab: "10.4.0.1:9876", make: "ip route add blackhole 10.4.0.0/16"},
}

func text(answer string) func(*testing.T) netip.AddrPort {
	return func(t *testing.T) netip.AddrPort { return listener(t, says(answer)) }
}

var ofRows = Options{Samples: 2, Timeout: 2 * time.Second}

// assertRow asserts what a curl has found.
func assertRow(t *testing.T, r row, got Result, old bool) {
	t.Helper()
	outcomes := []Outcome{r.outcome}
	if old && r.old != nil {
		outcomes = r.old
	}
	if !slices.Contains(outcomes, got.Outcome) || got.Connected != r.connected {
		t.Errorf("%s: expected one of %s, connected %t, found %+v", r.name, outcomes, r.connected, got)
	}
	switch {
	case r.outcome != Answered:
		if got.Answered != 0 || got.Failed != 2 || got.Err == "" || (got.P50 != 0) != r.connected {
			t.Errorf("%s: found %+v", r.name, got)
		}
	case got.Version != "n0nce" || !got.From.IsLoopback() || got.Other != nil || got.Answered != 2 || got.Failed != 0 ||
		got.Err != "" || got.P50 == 0 || got.P99 < got.P50:
		t.Errorf("%s: found %+v", r.name, got)
	}
}

// TestThisCurl runs the machine's curl, on loopback, or with -update in a network
// namespace that has all kinds of faults; then what it says is kept.
func TestThisCurl(t *testing.T) {
	var targets []target
	for _, r := range rows {
		switch {
		case r.address != nil:
			targets = append(targets, target{r.name, r.address(t)})
		case *updateFlag:
			inLab(t, r.make)
			targets = append(targets, target{r.name, netip.MustParseAddrPort(r.lab)})
		}
	}
	version, err := exec.Command(*curlFlag, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`\d+\.\d+\.\d+`).FindString(string(version))
	in := machine(t)
	if *updateFlag {
		in = keeping(t, in, targets, filepath.Join("testdata", "curl-"+number))
	}
	found := results(t, in, targets, ofRows)
	for _, r := range rows {
		if got, ok := found[r.name]; ok {
			assertRow(t, r, got, isOld(number))
		}
	}
}

// isOld reports whether a curl does not know %{exitcode}.
func isOld(version string) bool {
	var major, minor int
	_, _ = fmt.Sscanf(version, "%d.%d", &major, &minor)
	return major == 7 && minor < 75
}

// inLab runs a command that changes the network, where there is none but lo.
func inLab(t *testing.T, command string) {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil || len(interfaces) != 1 {
		t.Fatalf("-update: expected a network namespace of the test's own (unshare -n), found the interfaces %v, %v", interfaces, err)
	}
	words := strings.Fields(command)
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// recorded is where a row's target is in testdata: there ports do not change.
func recorded(t *testing.T, i int) netip.AddrPort {
	t.Helper()
	switch r := rows[i]; {
	case r.lab != "":
		return netip.MustParseAddrPort(r.lab)
	case strings.Contains(r.name, "IPv6"):
		return netip.AddrPortFrom(netip.IPv6Loopback(), uint16(9000+i))
	default:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(9000+i))
	}
}

// keeping writes what a verbose curl says to PATH.stdout and PATH.stderr, with MARK for the mark.
func keeping(t *testing.T, in Exec, targets []target, path string) Exec {
	t.Helper()
	tidy := func(text, mark string) string {
		text = regexp.MustCompile("x{100,}").ReplaceAllString(strings.ReplaceAll(strings.ReplaceAll(text, mark, "MARK"), "\r", ""), "xxx")
		for i, each := range targets {
			port := regexp.MustCompile(fmt.Sprintf(`(:|port )%d\b`, each.address.Port()))
			text = port.ReplaceAllString(text, fmt.Sprintf("${1}%d", recorded(t, i).Port()))
		}
		return text
	}
	return func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
		config, err := io.ReadAll(stdin)
		if err != nil {
			return err
		}
		config = append([]byte("verbose\n"), config...)
		var out, errs strings.Builder
		failed := in(ctx, command, bytes.NewReader(config), io.MultiWriter(stdout, &out), io.MultiWriter(stderr, &errs))
		for ending, text := range map[string]string{".stdout": out.String(), ".stderr": errs.String()} {
			if err := os.WriteFile(path+ending, []byte(tidy(text, markIn(config))), 0o600); err != nil {
				t.Error(err)
			}
		}
		return failed
	}
}

// markIn is the mark in curl's configuration.
func markIn(config []byte) string {
	_, after, _ := strings.Cut(string(config), `write-out = "\n`)
	mark, _, _ := strings.Cut(after, "|")
	return mark
}

// onlyVerbose is what a curl writes that is verbose, and no other.
var onlyVerbose = regexp.MustCompile(`(?m)^[*<>{}] .*\n`)

// TestWhatEachCurlSays replays what curls of many versions said: of RHEL 8, openSUSE 15,
// CentOS 9, Debian 12 and 13, Ubuntu 24.04, and the newest.
func TestWhatEachCurlSays(t *testing.T) {
	files, err := filepath.Glob("testdata/curl-*.stdout")
	if err != nil || len(files) < 5 {
		t.Fatalf("expected what five curls said, found %v, %v", files, err)
	}
	var targets []target
	for i, r := range rows {
		targets = append(targets, target{r.name, recorded(t, i)})
	}
	for _, file := range files {
		version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "curl-"), ".stdout")
		t.Run(version, func(t *testing.T) {
			replay := func(_ context.Context, _ []string, stdin io.Reader, stdout, stderr io.Writer) error {
				config, err := io.ReadAll(stdin)
				if err != nil {
					return err
				}
				for ending, to := range map[string]io.Writer{".stdout": stdout, ".stderr": stderr} {
					text, err := os.ReadFile("testdata/curl-" + version + ending)
					if err != nil {
						return err
					}
					if !bytes.Contains(config, []byte("verbose\n")) {
						text = onlyVerbose.ReplaceAll(text, nil)
					}
					_, _ = io.WriteString(to, strings.ReplaceAll(string(text), "MARK", markIn(config)))
				}
				return utilexec.CodeExitError{Err: errors.New("exit code 28"), Code: 28}
			}
			found := results(t, replay, targets, ofRows)
			for _, r := range rows {
				assertRow(t, r, found[r.name], isOld(version))
			}
		})
	}
}
