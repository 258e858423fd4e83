package probe

import (
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

// Target is an address to probe.
type Target struct {
	// ID is the caller's name for it, unique among the targets of a Probe.
	// Several may have the same address: it is probed once for all of them.
	ID      string
	Address netip.AddrPort
}

// Result is what is known of one target.
type Result struct {
	ID string
	// Outcome is Answered when one sample was; else it is that of the last one.
	Outcome Outcome
	// Connected tells that a connection stood, whatever came of it.
	Connected bool
	// Version and From are from the first answer.
	Version string
	From    netip.Addr
	// Other is the first answer that differs from the first one, or nil: two
	// servers may share an address.
	Other *Answer
	// Answered and Failed count the samples.
	Answered, Failed int
	// P50 and P99 are of the samples that were answered: from the dial until the
	// connection stood, which the network takes and the service has no part in. Where
	// that is not known, it is until the end of the answer, as AnswerP50 always is.
	P50, P99, AnswerP50 time.Duration
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
	// Path is the resource to request (/info).
	Path string
	// Samples is how many connections are made to a target (5). Each is a fresh one,
	// so that it tests the path. Where some target times out it may be fewer.
	Samples int
	// Timeout bounds one connection, from the dial to the end of the answer (2s).
	Timeout time.Duration
}

// ErrNoTool is in the error of Probe when the container has nothing to probe with:
// then nothing is known of any target.
var ErrNoTool = errors.New("cannot check: the container has no curl")

// Probe probes all targets side by side, by one exec of the container's curl. It
// returns the results in the order of the targets. The error says why some are
// missing: ErrNoTool, a cause of ctx, a container that is silent (its node may be
// gone), or what the API server or curl said.
func Probe(ctx context.Context, exec Exec, targets []Target, opts Options) ([]Result, error) {
	opts = opts.withDefaults()
	if err := check(targets); err != nil || len(targets) == 0 {
		return nil, err
	}
	t, err := curl(ctx, exec, targets, opts)
	var found []Result
	for _, target := range targets {
		if attempts := t.reports[target.Address].attempts(opts.Timeout); len(attempts) > 0 {
			found = append(found, sum(target.ID, attempts))
		}
	}
	switch {
	case errors.Is(err, ErrNoTool) || len(found) == len(targets):
		return found, err
	case err == nil:
		err = errors.New("it ended early")
	}
	if t.complaint != "" {
		err = fmt.Errorf("%w: %s", err, t.complaint)
	}
	return found, fmt.Errorf("curl reported on %d of %d targets: %w", len(found), len(targets), err)
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
