package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/wait"
)

// Exec runs a program in a container. The error of a program that ran and
// failed is a k8s.io/client-go/util/exec.CodeExitError. kubectl.Kubectl.Exec
// returns one.
type Exec func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error

// Target is an address to ask.
type Target struct {
	// ID is the caller's name for it, unique among the targets of a Probe.
	ID      string
	Address netip.AddrPort
}

// Outcome is how asking a target ended.
type Outcome string

// The outcomes.
const (
	// Answered: the service's JSON came back.
	Answered Outcome = "answered"
	// Refused: the address is there, and nothing listens on the port.
	Refused Outcome = "refused"
	// Timeout: nothing came back in time. Connected tells of what: of the dial, or
	// of the request.
	Timeout Outcome = "timeout"
	// Unreachable: there is no route, or something on the path says so (ICMP).
	Unreachable Outcome = "unreachable"
	// Reset: the connection was cut before the answer was complete.
	Reset Outcome = "reset"
	// Protocol: something answered, but not as the service does.
	Protocol Outcome = "protocol"
	// Failed: the probe itself could not ask.
	Failed Outcome = "error"
)

// Result is what is known of one target.
type Result struct {
	ID string
	// Outcome is Answered when one sample was; else it is that of the last one.
	Outcome Outcome
	// Connected tells that a connection stood, whatever came of it.
	Connected bool
	// Version, Host and From are from the first answer: the version that the
	// service was told to answer, the Host header that it was sent, and the
	// caller's address as the service saw it.
	Version string
	Host    string
	From    netip.Addr
	// Other is the first answer that differs from the first one, or nil: two
	// servers may share an address.
	Other *Answer
	// Answered and Failed count the samples. Failed does not count those before
	// the first answer, unless none came.
	Answered int
	Failed   int
	// P50 and P99 are from the dial to the end of the answer, of the samples that
	// were answered; ConnectP50 is until the connection stood.
	P50, P99, ConnectP50 time.Duration
	// Settled is the time until the first answer.
	Settled time.Duration
	// Tool is what asked: ToolTwin or ToolCurl.
	Tool string
	// Err is the text of the last sample that failed.
	Err string
}

// Answer is what a service said of itself and of its caller.
type Answer struct {
	Version string
	Host    string
	From    netip.Addr
}

// Options are how to ask; each that is 0 has its default.
type Options struct {
	// Path is the resource to ask for (/info).
	Path string
	// Samples is how many connections are made to a target that answers (5). Each
	// is a fresh one, so that it tests the path.
	Samples int
	// Timeout bounds one connection, from the dial to the end of the answer (2s).
	Timeout time.Duration
	// Settle is how long a target that does not answer is asked again: a server
	// may just be starting, a route just be programmed (0).
	Settle time.Duration
	// Parallel is how many targets are asked at a time (64). curl asks one at a time.
	Parallel int
}

// The tools that ask.
const (
	// ToolTwin is the image of the service, with its command `simpleservice probe`.
	ToolTwin = "simpleservice"
	// ToolCurl is curl in another image: one target after the other.
	ToolCurl = "curl"
)

// ErrNoTool is in the error of Probe when the container has nothing to ask with:
// then nothing is known of any target.
var ErrNoTool = errors.New("cannot check: the container has neither simpleservice nor curl")

// startTime is what the start of a program in a container, and the way there
// and back, may take on top of the probing itself.
const startTime = 15 * time.Second

// Probe asks all targets from within a container, in one exec, and calls each
// with every result, as it comes, one at a time. It returns when all are known;
// else with the reason why not: ErrNoTool, a cause of ctx, a wait.ErrTimeout
// (the container's node may be gone), or what the API server said.
func Probe(ctx context.Context, exec Exec, targets []Target, opts Options, each func(Result)) error {
	opts = opts.withDefaults()
	if err := check(targets); err != nil || len(targets) == 0 {
		return err
	}
	err := askTwin(ctx, exec, targets, opts, each)
	if !errors.Is(err, errNoProgram) {
		return err
	}
	err = askCurl(ctx, exec, targets, opts, each)
	if errors.Is(err, errNoProgram) {
		return ErrNoTool
	}
	return err
}

func (o Options) withDefaults() Options {
	if o.Path == "" {
		o.Path = "/info"
	}
	if o.Samples == 0 {
		o.Samples = 5
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Parallel == 0 {
		o.Parallel = 64
	}
	return o
}

func check(targets []Target) error {
	seen := map[string]bool{}
	for _, t := range targets {
		if !t.Address.IsValid() {
			return fmt.Errorf("target %q: expected an address and a port, found %s", t.ID, t.Address)
		}
		if seen[t.ID] {
			return fmt.Errorf("target %q: expected each ID once", t.ID)
		}
		seen[t.ID] = true
	}
	return nil
}

// within bounds one exec that asks in n turns.
func within(ctx context.Context, n int, opts Options) (context.Context, context.CancelFunc) {
	return wait.WithTimeout(ctx, startTime+opts.Settle+time.Duration(n)*opts.Timeout)
}

// url is that of a target.
func (o Options) url(t Target) string { return "http://" + t.Address.String() + o.Path }
