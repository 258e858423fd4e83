package probe

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ending is what curl says of a transfer when it ends.
type ending struct {
	status, size   int
	connect, total time.Duration
	// exit is the code of the transfer, with its message; -1 where curl is older than
	// 7.75 and does not tell.
	exit    int
	message string
}

// Exit codes of curl (its manual, EXIT CODES).
const (
	curlUnsupported   = 1 // also: an answer without a header
	curlNotConnected  = 7
	curlWeirdReply    = 8
	curlPartial       = 18
	curlTimeout       = 28
	curlEmptyReply    = 52
	curlSendFailed    = 55
	curlReceiveFailed = 56
	curlTooLarge      = 63
)

// code is the exit code. An older curl leaves it to be concluded: whether a reply
// was none at all or a strange one, and whether one was cut off, is then not known.
func (e ending) code(timeout time.Duration) int {
	switch {
	case e.exit >= 0:
		return e.exit
	case e.status > 0:
		return 0
	case e.total >= timeout:
		return curlTimeout
	case e.connect == 0:
		return curlNotConnected
	case e.size > 0:
		return curlWeirdReply
	default:
		return curlEmptyReply
	}
}

// attempts are the connections to an address that count.
func (t *tally) attempts(opts Options) []Attempt {
	var all []Attempt
	answers, again := t.answers, t.failures
	for _, e := range t.endings {
		code := e.code(opts.Timeout)
		a := Attempt{Outcome: t.outcome(code), Connected: e.connect > 0, Connect: e.connect, Total: e.total, Err: e.message}
		switch {
		case code == curlNotConnected && t.failure != "":
			a.Err, again = t.failure, again-1
		case code == 0 && e.status == 200 && len(answers) > 0:
			a.Outcome, a.Answer, answers = Answered, answers[0], answers[1:]
		case code == 0:
			a.Err = fmt.Sprintf("expected status 200 and JSON with a version, found status %d", e.status)
		case e.exit < 0:
			a.Err = fmt.Sprintf("the connection ended after %.1f s; a curl older than 7.75 does not say why", e.total.Seconds())
		}
		all = append(all, a)
	}
	return append(all, t.retried(again, opts.Samples)...)
}

// retried are dials that failed n times and were tried again. When each of the first
// ones did, the service was about to start, and they do not count.
//
// A curl from 7.66 to 7.69 forgets what it was to try again: then that is all that
// is known of the address.
func (t *tally) retried(n, samples int) []Attempt {
	if n <= 0 || n >= samples && len(t.endings) > 0 {
		return nil
	}
	return slices.Repeat([]Attempt{{Outcome: dialOutcome(t.failure), Err: t.failure}}, n)
}

func (t *tally) outcome(code int) Outcome {
	switch code {
	case curlNotConnected:
		return dialOutcome(t.failure)
	case curlTimeout:
		return Timeout
	case curlPartial, curlEmptyReply, curlSendFailed, curlReceiveFailed:
		return Reset
	case 0, curlUnsupported, curlWeirdReply, curlTooLarge:
		return Protocol
	default:
		return Failed
	}
}

// dialOutcome reads the kernel's words (strerror) for a dial that failed.
func dialOutcome(text string) Outcome {
	for _, row := range []struct {
		words   string
		outcome Outcome
	}{
		{"refused", Refused},
		{"reset", Reset},
		{"timed out", Timeout},
		{"unreachable", Unreachable},
		{"No route", Unreachable},
		{"Permission denied", Unreachable},
		{"not permitted", Unreachable},
		{"Cannot assign", Unreachable},
		{"not supported", Unreachable},
		{"Invalid argument", Unreachable}, // a route of the kind blackhole
	} {
		if strings.Contains(text, row.words) {
			return row.outcome
		}
	}
	return Failed
}
