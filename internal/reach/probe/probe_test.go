package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	utilexec "k8s.io/client-go/util/exec"
)

func TestTwoServersAtOneAddressAreDistinguished(t *testing.T) {
	address := service(t, "127.0.0.1:0", func(n int64) string { return []string{"even", "odd"}[n%2] })
	for id, got := range results(t, machine(t), []target{{"a", address}, {"the same", address}}, Options{}) {
		if got.Other == nil || got.Version+got.Other.Version != "oddeven" && got.Version+got.Other.Version != "evenodd" || got.Answered != 5 {
			t.Errorf("%s: found %+v", id, got)
		}
	}
}

func TestManyTargets(t *testing.T) {
	in := machine(t)
	port := service(t, "0.0.0.0:0", same("v")).Port()
	var targets []target
	for i := range 1000 {
		targets = append(targets, target{fmt.Sprint(i), netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}), port)})
	}
	for id, got := range results(t, in, targets, Options{Samples: 2, Timeout: 10 * time.Second}) {
		if got.Outcome != Answered || got.Answered != 2 {
			t.Fatalf("%s: found %+v", id, got)
		}
	}
}

func TestErrors(t *testing.T) {
	one := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}
	two := []netip.AddrPort{one[0], netip.MustParseAddrPort("127.0.0.1:2")}
	writes := func(text string, err error) Exec {
		return func(_ context.Context, _ []string, stdin io.Reader, stdout, stderr io.Writer) error {
			config, _ := io.ReadAll(stdin)
			_, _ = io.WriteString(stdout, strings.ReplaceAll(text, "MARK", markIn(config)))
			_, _ = io.WriteString(stderr, "curl: no URL specified!\n")
			return err
		}
	}
	refused := "\nMARK!http://127.0.0.1:1/info|000|0|0.000000|0.000100|7|Failed to connect\n"
	for name, tc := range map[string]struct {
		exec    Exec
		targets []netip.AddrPort
		found   int
		want    string
	}{
		"no curl":     {writes("", errors.New(noSuchFile)), one, 0, ErrNoTool.Error()},
		"shell's 127": {writes("", utilexec.CodeExitError{Code: 127}), one, 0, ErrNoTool.Error()},
		"ends early":  {writes(refused, nil), two, 1, "curl reported on 1 of 2 targets: it ended early: curl: no URL specified!"},
		"fails":       {writes("", errors.New(`pods "x" not found`)), one, 0, `curl reported on 0 of 1 targets: pods "x" not found`},
		"is no curl":  {writes("hello\n", nil), one, 0, "curl reported on 0 of 1 targets: it ended early"},
		"cut off":     {writes("\nMARK|http://127.0.0.1:1/info|000\n", nil), one, 0, "curl reported on 0 of 1 targets"},
	} {
		found, err := Probe(t.Context(), tc.exec, tc.targets, Options{})
		if err == nil || !strings.Contains(err.Error(), tc.want) || known(found) != tc.found || len(found) != len(tc.targets) {
			t.Errorf("%s: expected %d results and %q, found %v, %v", name, tc.found, tc.want, found, err)
		}
	}
	if found, err := Probe(t.Context(), nil, nil, Options{}); err != nil || len(found) > 0 {
		t.Errorf("expected nothing to do, found %v, %v", found, err)
	}
}

// known counts the results that are not None.
func known(results []Result) (n int) {
	for _, r := range results {
		if r.Outcome != None {
			n++
		}
	}
	return n
}

// What containerd 2.4 says through the API server.
const noSuchFile = `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "97f7": ` +
	`OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH`

// TestASilentContainer: the exec of a node that is lost never ends by itself. What
// it has said before is known, and what it says later is not read.
func TestASilentContainer(t *testing.T) {
	targets := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2")}
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		hangs := func(ctx context.Context, _ []string, stdin io.Reader, stdout, _ io.Writer) error {
			config, _ := io.ReadAll(stdin)
			say := func(port int) {
				fmt.Fprintf(stdout, "\n%s!http://127.0.0.1:%d/info|000|0|0.000000|0.000100|7|Failed to connect\n", markIn(config), port)
			}
			<-time.After(8 * time.Second)
			say(1)
			<-ctx.Done()
			time.AfterFunc(0, func() { say(2) })
			return ctx.Err()
		}
		found, err := Probe(t.Context(), hangs, targets, Options{})
		if err == nil || !strings.Contains(err.Error(), "curl reported on 1 of 2 targets: no output from curl for 12s: is the node down?") || known(found) != 1 || found[0].Outcome != Refused && found[0].Outcome != Failed {
			t.Errorf("found %v, %v", found, err)
		}
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("expected an end after 20 s, found %s", took)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stopped")
		time.AfterFunc(time.Second, func() { cancel(stop) })
		if _, err := Probe(ctx, hangs, targets, Options{}); !errors.Is(err, stop) {
			t.Errorf("found %v", err)
		}
		synctest.Wait()
	})
}

// said has a curl write something, and returns the results for the addresses.
func said(t *testing.T, opts Options, stdout string, addresses ...string) map[string]Result {
	t.Helper()
	var targets []target
	for _, a := range addresses {
		targets = append(targets, target{a, netip.MustParseAddrPort(a)})
	}
	return results(t, func(_ context.Context, _ []string, stdin io.Reader, out, _ io.Writer) error {
		config, _ := io.ReadAll(stdin)
		_, _ = io.WriteString(out, strings.ReplaceAll(stdout, "MARK", markIn(config)))
		return nil
	}, targets, opts)
}

const (
	body  = `{"host": "%[1]s", "version": "v", "from": "10.0.0.9"}`
	ended = "\nMARK|http://%[1]s/info|200|60|0.000200|0.001000|0|\n"
)

func TestAnswersComeInAnyOrder(t *testing.T) {
	one, two := "10.0.0.1:80", "[fd00::2]:80"
	out := fmt.Sprintf(body+body+ended, one) + fmt.Sprintf(body, two) + fmt.Sprintf(ended, one) + fmt.Sprintf(ended+body+ended, two)
	for id, got := range said(t, Options{Samples: 2}, out, one, two) {
		if got.Outcome != Answered || got.Answered != 2 || got.Failed != 0 || got.Version != "v" || got.From.String() != "10.0.0.9" || got.P50 != 200*time.Microsecond {
			t.Errorf("%s: found %+v", id, got)
		}
	}
}

// An answer that comes in pieces, with another one in between, proves nothing.
func TestAnAnswerInPiecesIsNoWrongAnswer(t *testing.T) {
	one, two := "10.0.0.1:80", "10.0.0.2:80"
	whole, other := fmt.Sprintf(body, one), fmt.Sprintf(body, two)
	torn := whole[:30] + other + whole[30:]
	found := said(t, Options{Samples: 1}, torn+fmt.Sprintf(ended, one)+fmt.Sprintf(ended, two), one, two)
	if found[one].Outcome != Failed || found[one].Failed != 0 || found[two].Outcome != Answered {
		t.Errorf("found %+v", found)
	}
	found = said(t, Options{Samples: 2}, torn+whole+fmt.Sprintf(ended+ended, one)+other+fmt.Sprintf(ended+ended, two), one, two)
	if found[one].Outcome != Answered || found[one].Answered != 2 || found[one].Version != "v" {
		t.Errorf("found %+v", found[one])
	}
}

// One that answers with the name of another target than its own has not answered.
func TestAnAnswerIsOfTheAddressThatItNames(t *testing.T) {
	out := fmt.Sprintf(body, "10.9.9.9:80") + `{"host": "nowhere", "version": "v"} {"host": "10.0.0.1:80"} {` + fmt.Sprintf(ended, "10.0.0.1:80")
	if got := said(t, Options{Samples: 1}, out, "10.0.0.1:80")["10.0.0.1:80"]; got.Outcome != Protocol || !got.Connected {
		t.Errorf("found %+v", got)
	}
}

// TestAnExecEndsWhenEnoughIsKnown: one address times out, the other has answered twice, with
// bodies that arrive late, and failed once. Why it failed, a second exec says.
func TestAnExecEndsWhenEnoughIsKnown(t *testing.T) {
	dead, alive := "10.0.0.1:80", "10.0.0.2:80"
	targets := []netip.AddrPort{netip.MustParseAddrPort(dead), netip.MustParseAddrPort(alive)}
	timedOut := fmt.Sprintf("\nMARK!http://%s/info|000|0|0.000000|2.001|28|Connection timed out\n", dead)
	failed := fmt.Sprintf("\nMARK!http://%s/info|000|0|0.000000|0.001|7|Couldn't connect\n", alive)
	parts := []struct{ out, errs string }{
		{fmt.Sprintf(ended+ended, alive), timedOut + failed},
		{"", timedOut},
		{fmt.Sprintf(body+body, alive), ""},
	}
	why := "* connect to 10.0.0.2 port 80 from 10.0.0.9 port 1 failed: No route to host\n"
	written := 0
	found, err := Probe(t.Context(), func(ctx context.Context, _ []string, stdin io.Reader, out, errs io.Writer) error {
		config, _ := io.ReadAll(stdin)
		if strings.Contains(string(config), "verbose\n") {
			if strings.Contains(string(config), dead) {
				t.Errorf("expected only the address whose reason is not known, found %s", config)
			}
			_, err := io.WriteString(errs, strings.ReplaceAll(why+failed, "MARK", markIn(config)))
			return err
		}
		for _, p := range parts {
			if ctx.Err() != nil {
				break
			}
			written++
			_, _ = io.WriteString(out, strings.ReplaceAll(p.out, "MARK", markIn(config)))
			_, _ = io.WriteString(errs, strings.ReplaceAll(p.errs, "MARK", markIn(config)))
		}
		<-ctx.Done()
		return ctx.Err()
	}, targets, Options{})
	if err != nil || len(found) != 2 || written != len(parts) {
		t.Fatalf("expected an end after %d parts, found %v, %v after %d", len(parts), found, err, written)
	}
	if r := found[0]; r.Outcome != Timeout || r.Failed != 2 {
		t.Errorf("found %+v", r)
	}
	if r := found[1]; r.Outcome != Answered || r.Answered != 2 || r.Failed != 1 || r.Err != "No route to host" {
		t.Errorf("found %+v", r)
	}
}

// A server decides what comes: it is not all kept.
func TestWhatIsKeptIsLittle(t *testing.T) {
	s := newTranscript("MARK", []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:80")}, Options{}, nil)
	s.readStdout([]byte("{" + strings.Repeat("x", 1<<20)))
	s.readStderr([]byte(strings.Repeat("x", 1<<20)))
	if cap(s.out.part) > 2*maxLine || cap(s.object) > 2*maxObject || cap(s.errors.part) > 2*maxLine {
		t.Errorf("found %d, %d and %d bytes", cap(s.out.part), cap(s.object), cap(s.errors.part))
	}
}

func TestOutcomeOf(t *testing.T) {
	for text, want := range map[string]Outcome{
		"Connection refused": Refused, "No route to host": Unreachable, "Network is unreachable": Unreachable, "Connection reset by peer": Reset,
		"Connection timed out": Timeout, "Permission denied": Unreachable, "Invalid argument": Unreachable, "": Failed,
		"unexpected EOF": Reset, "write: broken pipe": Reset, "dial tcp 10.0.0.1:80: i/o timeout": Timeout, "context deadline exceeded": Timeout,
		`malformed HTTP response "connection refused"`: Protocol, "tls: internal error": Failed,
	} {
		if got := OutcomeOf(text, Failed); got != want {
			t.Errorf("%q: expected %s, found %s", text, want, got)
		}
	}
}

func TestSample(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for name, tc := range map[string]struct {
		ctx  context.Context
		of   []Outcome // of the attempts; the last one stands for all further ones
		want string
	}{
		"answers":            {t.Context(), []Outcome{Answered}, "answered 5 0"},
		"answers at last":    {t.Context(), []Outcome{Refused, Answered}, "answered 4 1"},
		"refuses":            {t.Context(), []Outcome{Refused}, "refused 0 2"},
		"times out":          {t.Context(), []Outcome{Timeout}, "timeout 0 1"},
		"times out at times": {t.Context(), []Outcome{Answered, Timeout, Answered}, "answered 4 1"},
		"is not permitted":   {ended, []Outcome{Answered}, "error 0 1"},
	} {
		n := 0
		r := Sample(tc.ctx, Options{}, func(context.Context) Attempt {
			outcome := tc.of[min(n, len(tc.of)-1)]
			n++
			return Attempt{Outcome: outcome, Answer: &Answer{Version: "v"}, Total: time.Duration(n) * time.Second}
		})
		if got := fmt.Sprint(r.Outcome, " ", r.Answered, " ", r.Failed); got != tc.want {
			t.Errorf("%s: expected %s, found %s", name, tc.want, got)
		}
	}
}

func TestRank(t *testing.T) {
	times := []time.Duration{5, 1, 4, 2, 3}
	if got := []time.Duration{rank(times, 50), rank(times, 99), rank(times[:1], 50)}; !slices.Equal(got, []time.Duration{3, 5, 1}) {
		t.Errorf("found %v", got)
	}
}

func TestJudge(t *testing.T) {
	answered := Result{Outcome: Answered, Version: "mine", Answered: 5}
	other, flaky := answered, answered
	other.Other, flaky.Failed = &Answer{Version: "theirs"}, 2
	for _, tc := range []struct {
		result  Result
		version string
		want    Outcome
	}{
		{answered, "mine", Answered}, {answered, "", Answered}, {answered, "another", WrongAnswer}, {other, "mine", WrongAnswer}, {other, "", WrongAnswer},
		{flaky, "mine", Flaky}, {flaky, "another", WrongAnswer}, {Result{Outcome: Reset, Failed: 2}, "mine", Reset},
	} {
		if got := tc.result.Judge(tc.version); got != tc.want {
			t.Errorf("%+v, %q: expected %s, found %s", tc.result, tc.version, tc.want, got)
		}
	}
}
