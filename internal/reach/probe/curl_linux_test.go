package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// full is a port that accepts no more connections: the kernel drops what comes in, as
// a packet filter does.
func full(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(bound.(*syscall.SockaddrInet4).Port))
	conn, err := net.Dial("tcp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address
}

// TestTargetsThatTimeOutDoSoSideBySide: when half of many targets are dead, the probe
// lasts one timeout, and not a second one; on an idle machine 2.2 s.
func TestTargetsThatTimeOutDoSoSideBySide(t *testing.T) {
	in := machine(t)
	alive := service(t, "0.0.0.0:0", same("v")).Port()
	var targets []target
	for i := range 25 {
		targets = append(targets, target{fmt.Sprintf("dead-%d", i), full(t)},
			target{fmt.Sprintf("alive-%d", i), netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, 0, byte(i)}), alive)})
	}
	begin := time.Now()
	found := results(t, in, targets, Options{})
	took := time.Since(begin)
	for id, got := range found {
		want := map[byte]Outcome{'d': Timeout, 'a': Answered}[id[0]]
		if got.Outcome != want || want == Answered && got.Answered < 3 || want == Timeout && (got.Failed < 2 || got.Connected) {
			t.Errorf("%s: expected %s, found %+v", id, want, got)
		}
	}
	t.Logf("50 targets of which half time out: %s; a healthy one: connected after %s", took, found["alive-7"].P50)
	if took >= 4*time.Second {
		t.Errorf("expected less than two time-outs, found %s", took)
	}
}
