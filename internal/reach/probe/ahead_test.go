package probe

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	utilexec "k8s.io/client-go/util/exec"
)

// TestAhead: one exec serves the Probe, and another one the look at what failed; one that ended
// while it waited, or broke, is replaced.
func TestAhead(t *testing.T) {
	in := machine(t)
	answers, refuses := service(t, "127.0.0.1:0", same("v")), closedPort(t, "127.0.0.1:0")
	for name, tc := range map[string]struct {
		first Exec // the one that waits
		execs int  // how many there are: with the one for the reason of the port that is closed
	}{
		"waits": {in, 2},
		"ends early": {func(context.Context, []string, io.Reader, io.Writer, io.Writer) error {
			return errors.New("unexpected EOF")
		}, 3},
		"breaks": {func(_ context.Context, _ []string, stdin io.Reader, _, _ io.Writer) error {
			_, _ = io.ReadAll(stdin)
			return errors.New("broken pipe")
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			execs := 0
			exec := Ahead(t.Context(), func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
				if execs++; execs == 1 {
					return tc.first(ctx, command, stdin, stdout, stderr)
				}
				return in(ctx, command, stdin, stdout, stderr)
			})
			found, err := Probe(t.Context(), exec, []netip.AddrPort{answers, refuses}, Options{})
			if err != nil || found[0].Outcome != Answered || found[0].Answered != 5 || found[1].Outcome != Refused || execs != tc.execs {
				t.Errorf("expected an answer, a refusal and %d execs, found %+v, %v and %d execs", tc.execs, found, err, execs)
			}
		})
	}
}

// TestAheadEnds: the exec that waits ends with the context, whether it is used or not.
func TestAheadEnds(t *testing.T) {
	for name, use := range map[string]bool{"used": true, "not used": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				exec := Ahead(ctx, func(ctx context.Context, _ []string, stdin io.Reader, _, _ io.Writer) error {
					_, _ = io.ReadAll(stdin)
					<-ctx.Done()
					return context.Cause(ctx)
				})
				if use {
					if _, err := Probe(ctx, exec, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}, Options{}); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("expected the end of the context, found %v", err)
					}
				}
				<-ctx.Done()
				synctest.Wait() // a goroutine that stayed would fail the test
			})
		})
	}
}

// TestAheadWithoutCurl: what a program says that has ended before it was used is not lost.
func TestAheadWithoutCurl(t *testing.T) {
	exec := Ahead(t.Context(), func(_ context.Context, _ []string, _ io.Reader, _, stderr io.Writer) error {
		_, _ = io.WriteString(stderr, "curl: cannot start\n")
		return utilexec.CodeExitError{Err: errors.New("exit code 127"), Code: 127}
	})
	if _, err := Probe(t.Context(), exec, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}, Options{}); !errors.Is(err, ErrNoTool) {
		t.Errorf("expected that there is no curl, found %v", err)
	}
}
