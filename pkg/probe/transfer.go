package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/rand"
)

// curl asks each target once, in order, in one exec.
func curl(ctx context.Context, exec Exec, targets []Target, opts Options) ([]Attempt, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	ctx, cancel := within(ctx, len(targets), opts)
	defer cancel()
	// Nobody else knows it, so no answer can pretend to be the end of one.
	mark := "kbe-" + rand.String(16)
	var ends []ending
	var stderr diagnostics
	err := run(ctx, exec, []string{"curl", "-q", "-K", "-"}, curlConfig(targets, opts, mark), &stderr, func(stdout io.Reader) (err error) {
		ends, err = readEndings(stdout, mark)
		return err
	})
	// curl's exit code is that of its last transfer.
	if _, exited := exitCode(err); err != nil && (!exited || errors.Is(err, errNoProgram)) {
		return nil, err
	}
	if len(ends) != len(targets) {
		return nil, fmt.Errorf("curl told of %d of %d targets: %w", len(ends), len(targets),
			errors.Join(err, errors.New(strings.Join(stderr.errors, "; "))))
	}
	transfers := make([]Attempt, len(ends))
	for i, end := range ends {
		if end.exit < 0 {
			end.exit, end.message = stderr.next(end.status)
		}
		transfers[i] = end.attempt(stderr.connects[targets[i].Address.String()])
	}
	return transfers, nil
}

// curlConfig is the configuration that curl reads from its standard input: there
// is no limit to the number of targets there. It is verbose because only that
// tells "refused" from "no route".
func curlConfig(targets []Target, opts Options, mark string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "silent\nshow-error\nverbose\ngloboff\nnoproxy = \"*\"\nmax-time = %.3f\nheader = \"Connection: close\"\n", opts.Timeout.Seconds())
	fmt.Fprintf(&b, "write-out = \"\\n%s|%%{http_code}|%%{time_connect}|%%{time_total}|%%{exitcode}|%%{errormsg}\\n\"\n", mark)
	for _, t := range targets {
		fmt.Fprintf(&b, "url = %q\n", opts.url(t))
	}
	return b.Bytes()
}

// ending is what curl wrote of a transfer.
type ending struct {
	body           string
	status         int
	connect, total time.Duration
	// exit is -1 where curl is older than 7.75 and cannot tell.
	exit    int
	message string
}

// maxBody is how much of an answer is kept.
const maxBody = 4 << 10

// readEndings reads curl's output: a body, and a line with the mark, in turn.
func readEndings(stdout io.Reader, mark string) ([]ending, error) {
	var ends []ending
	var body []byte
	for in := bufio.NewReader(stdout); ; {
		part, err := in.ReadSlice('\n')
		switch text, ended := strings.CutPrefix(string(part), mark+"|"); {
		case errors.Is(err, io.EOF):
			return ends, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return ends, err
		case ended:
			end, err := parseEnding(strings.TrimSpace(text))
			if err != nil {
				return ends, err
			}
			// The line break before the mark is not the body's.
			end.body = string(bytes.TrimSuffix(body, []byte("\n")))
			ends, body = append(ends, end), nil
		default:
			body = append(body, part[:min(len(part), maxBody-len(body))]...)
		}
	}
}

func parseEnding(text string) (ending, error) {
	fields := strings.SplitN(text, "|", 5)
	if len(fields) != 5 {
		return ending{}, fmt.Errorf("curl: expected 5 fields, found %q", text)
	}
	status, err1 := strconv.Atoi(fields[0])
	connect, err2 := seconds(fields[1])
	total, err3 := seconds(fields[2])
	end := ending{status: status, connect: connect, total: total, exit: -1, message: fields[4]}
	var err4 error
	if fields[3] != "" {
		end.exit, err4 = strconv.Atoi(fields[3])
	}
	return end, errors.Join(err1, err2, err3, err4)
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
)

// attempt tells how it ended. connectError is what the kernel said of a dial.
func (e ending) attempt(connectError string) Attempt {
	t := Attempt{Body: e.body, Connected: e.connect > 0, Connect: e.connect, Total: e.total, Err: e.message}
	switch e.exit {
	case 0:
		if _, ok := ParseAnswer(e.body); ok && e.status == 200 {
			t.Outcome, t.Err = Answered, ""
		} else {
			t.Outcome, t.Err = Protocol, fmt.Sprintf("expected status 200 and JSON with a version, found status %d", e.status)
		}
	case curlNotConnected:
		t.Outcome = dialOutcome(connectError)
		if t.Err = connectError; connectError == "" {
			t.Err = e.message
		}
	case curlTimeout:
		t.Outcome = Timeout
	case curlPartial, curlEmptyReply, curlSendFailed, curlReceiveFailed:
		t.Outcome = Reset
	case curlUnsupported, curlWeirdReply:
		t.Outcome = Protocol
	default:
		t.Outcome = Failed
	}
	return t
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
	} {
		if strings.Contains(text, row.words) {
			return row.outcome
		}
	}
	return Failed
}

// diagnostics reads curl's standard error.
type diagnostics struct {
	mu   sync.Mutex
	part []byte
	// connects is what the kernel said of a dial, by address and port.
	connects map[string]string
	// errors are curl's own, in the order of the transfers that had one.
	errors []string
}

var (
	connectFailed = regexp.MustCompile(`^\* connect to (\S+) port (\d+) .*?failed: (.+)$`)
	curlError     = regexp.MustCompile(`^curl: \((\d+)\) (.*)$`)
)

// Write takes part of the text. What it keeps of each line is little: a server
// decides what curl says of it.
func (d *diagnostics) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for line := range bytes.Lines(p) {
		d.part = append(d.part, line[:min(len(line), 1<<10-len(d.part))]...)
		if bytes.HasSuffix(line, []byte("\n")) {
			d.line(strings.TrimSpace(string(d.part)))
			d.part = nil
		}
	}
	return len(p), nil
}

func (d *diagnostics) line(text string) {
	if m := connectFailed.FindStringSubmatch(text); m != nil {
		if d.connects == nil {
			d.connects = map[string]string{}
		}
		host := m[1]
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		d.connects[host+":"+m[2]] = m[3]
	} else if curlError.MatchString(text) {
		d.errors = append(d.errors, text)
	}
}

// next is the exit code and message of a transfer whose end did not tell them:
// the next error, where it has failed.
func (d *diagnostics) next(status int) (int, string) {
	if status != 0 || len(d.errors) == 0 {
		return 0, ""
	}
	m := curlError.FindStringSubmatch(d.errors[0])
	d.errors = d.errors[1:]
	code, _ := strconv.Atoi(m[1])
	return code, m[2]
}
