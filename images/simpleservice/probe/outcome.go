package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
)

// Outcome is how a connection ended.
type Outcome string

// The outcomes.
const (
	// Answered: the service's JSON came back.
	Answered Outcome = "answered"
	// Refused: the address is there, and nothing listens on the port.
	Refused Outcome = "refused"
	// Timeout: nothing came back in time. Field connected tells of what: of the dial, or
	// of the request.
	Timeout Outcome = "timeout"
	// Unreachable: there is no route, or something on the path says so (ICMP).
	Unreachable Outcome = "unreachable"
	// Reset: the connection was cut before the answer was complete.
	Reset Outcome = "reset"
	// Protocol: something answered, but not as the service does.
	Protocol Outcome = "protocol"
	// Failed: the probe itself could not ask; its error tells why.
	Failed Outcome = "error"
)

// outcomeOf classifies the error of a connection that was, or was not, made.
func outcomeOf(err error, connected bool) Outcome {
	var timeout net.Error
	switch {
	case is(err, syscall.ECONNREFUSED):
		return Refused
	case is(err, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED),
		connected && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return Reset
	case is(err, syscall.ETIMEDOUT), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	case is(err, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
		// A packet filter that rejects may say "prohibited"; a family without an address
		// of its own cannot be dialled at all.
		syscall.EACCES, syscall.EPERM, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT):
		return Unreachable
	case connected:
		return Protocol
	default:
		return Failed
	}
}

func is(err error, numbers ...syscall.Errno) bool {
	return slices.ContainsFunc(numbers, func(n syscall.Errno) bool { return errors.Is(err, n) })
}
