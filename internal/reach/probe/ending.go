package probe

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ending is what curl reports at the end of a transfer.
type ending struct {
	status, size   int
	connect, total time.Duration
	// exit is the transfer's exit code, with its message; -1 before curl 7.75, which
	// does not report it.
	exit    int
	message string
}

// parseEnding reads what curl writes after the mark (see config).
func parseEnding(text string) (host string, e ending, ok bool) {
	fields := strings.SplitN(text, "|", 7)
	if len(fields) < 6 {
		return "", e, false
	}
	host, _, _ = strings.Cut(strings.TrimPrefix(fields[0], "http://"), "/")
	var errs [4]error
	e.status, errs[0] = strconv.Atoi(fields[1])
	e.size, errs[1] = strconv.Atoi(fields[2])
	e.connect, errs[2] = seconds(fields[3])
	e.total, errs[3] = seconds(fields[4])
	// Before 7.75 the rest is empty, or a warning about an unknown variable.
	if exit, err := strconv.Atoi(fields[5]); err == nil && len(fields) == 7 {
		e.exit, e.message = exit, fields[6]
	} else {
		e.exit = -1
	}
	return host, e, errs == [4]error{}
}

func seconds(text string) (time.Duration, error) {
	s, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
	return time.Duration(math.Round(s * float64(time.Second))), err
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

// code is the exit code. Where curl does not report it, it is concluded: then an empty
// reply and a malformed one look the same, and so do a complete one and one cut off.
func (e ending) code(timeout time.Duration) int {
	switch {
	case e.exit >= 0:
		return e.exit
	case e.status > 0:
		return 0
	case e.total > timeout*9/10: // curl rounds
		return curlTimeout
	case e.connect == 0:
		return curlNotConnected
	case e.size > 0:
		return curlWeirdReply
	default:
		return curlEmptyReply
	}
}

// attempts are the connections to an address.
func (r *report) attempts(timeout time.Duration) []Attempt {
	var all []Attempt
	answers := r.answers
	for _, e := range r.endings {
		code := e.code(timeout)
		a := Attempt{Outcome: r.outcome(code), Connected: e.connect > 0, Connect: e.connect, Total: e.total, Err: e.message}
		switch {
		case code == 0 && e.status == 200 && len(answers) > 0:
			a.Outcome, a.Answer, answers = Answered, answers[0], answers[1:]
		case code == 0:
			a.Err = fmt.Sprintf("expected status 200 and JSON with a version, found status %d", e.status)
		case code == curlNotConnected && r.failure != "":
			a.Err = r.failure
		case e.exit < 0:
			a.Err = fmt.Sprintf("the connection ended after %.1f s; curl before 7.75 does not report why", e.total.Seconds())
		}
		all = append(all, a)
	}
	return all
}

func (r *report) outcome(code int) Outcome {
	switch code {
	case curlNotConnected:
		return OutcomeOf(r.failure, Failed)
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
