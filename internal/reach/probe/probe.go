package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// Exec runs a program in a container. The error of a program that ran and
// failed is a k8s.io/client-go/util/exec.CodeExitError. kubectl.Kubectl.Exec
// returns one.
type Exec func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error

// Result is what is known of one target.
type Result struct {
	// Outcome is None where nothing is known, and Answered when one sample was; else it is that of the last one.
	Outcome Outcome
	// Connected reports that a connection stood, whatever came of it.
	Connected bool
	// Version and From are from the first answer.
	Version string
	From    netip.Addr
	// Other is the first answer that differs from the first one, or nil: two
	// servers may share an address.
	Other *Answer
	// Answered and Failed count the samples.
	Answered, Failed int
	// P50 and P99 are of the connections that stood: from the dial until then, which
	// the network takes and the service has no part in. Where that is not known, it is until
	// the end of the answer.
	P50, P99 time.Duration
	// Err is the text of the last sample that failed.
	Err string
}

// Answer is what a service says of itself and of its caller: the version that it
// was given, and the caller's address as the service sees it.
type Answer struct {
	Version string
	From    netip.Addr
}

// Options say how to probe; each that is 0 has its default.
type Options struct {
	// Samples is how many connections are made to a target (5). Each is a fresh one,
	// so that it tests the path. Where some target times out it may be fewer.
	Samples int
	// Timeout bounds one connection, from the dial to the end of the answer (DefaultTimeout).
	Timeout time.Duration

	verbose bool // see config
}

// DefaultTimeout is the default of Options.Timeout.
const DefaultTimeout = 2 * time.Second

// ErrNoTool is in the error of Probe when the container has nothing to probe with:
// then nothing is known of any target.
var ErrNoTool = errors.New("cannot check: the container has no curl")

// Probe probes all targets in parallel, by one exec of the container's curl, and by another
// where connections failed: only a verbose curl says why. There is a Result for each of the
// targets, in their order; one that is there twice is probed once.
// The error says why some are None: ErrNoTool, a cause of ctx, a container that is silent
// (its node may be lost), or what the API server or curl said.
func Probe(ctx context.Context, exec Exec, targets []netip.AddrPort, opts Options) ([]Result, error) {
	opts = opts.withDefaults()
	found, known := make([]Result, len(targets)), 0
	if len(targets) == 0 {
		return found, nil
	}
	t, err := curl(ctx, exec, targets, opts)
	if unexplained := t.unexplained(); err == nil && len(unexplained) > 0 {
		var again *transcript
		again, err = curl(ctx, exec, unexplained, Options{Samples: 1, Timeout: opts.Timeout, verbose: true})
		t.explain(again)
	}
	for i, target := range targets {
		if attempts := t.reports[target].attempts(opts.Timeout); len(attempts) > 0 {
			found[i] = sum(attempts)
			known++
		}
	}
	switch {
	case errors.Is(err, ErrNoTool) || known == len(targets):
		return found, err
	case err == nil:
		err = errors.New("it ended early")
	}
	if t.complaint != "" {
		err = fmt.Errorf("%w: %s", err, t.complaint)
	}
	return found, fmt.Errorf("curl reported on %d of %d targets: %w", known, len(targets), err)
}

func (o Options) withDefaults() Options {
	o.Samples, o.Timeout = cmp.Or(o.Samples, 5), cmp.Or(o.Timeout, DefaultTimeout)
	return o
}
