package vantage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// askByExec has the curl of the caller's container ask all addresses.
func (r *run) askByExec(ctx context.Context, c caller, rows []Row) {
	var targets []probe.Target
	for i, row := range rows {
		targets = append(targets, probe.Target{ID: strconv.Itoa(i), Address: row.Address})
	}
	found, err := probe.Probe(ctx, c.exec, targets, probeOptions)
	if err != nil {
		for i := range rows {
			rows[i].Skipped = fmt.Sprintf("could not ask: %v", err)
			if errors.Is(err, probe.ErrNoTool) {
				rows[i].Skipped = err.Error()
			}
		}
	}
	for _, res := range found {
		i, _ := strconv.Atoi(res.ID) // it is one of the targets'
		rows[i].Result, rows[i].Skipped = res, ""
	}
}

// askHere dials the Pod from this machine, once: on most clusters nobody answers.
func askHere(ctx context.Context, rows []Row) {
	opts := probeOptions
	opts.Samples = 1
	for i := range rows {
		address := rows[i].Address.String()
		rows[i].Result = probe.Sample(ctx, address, opts, func(ctx context.Context) probe.Attempt {
			begin := time.Now()
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err != nil {
				return probe.Attempt{Outcome: dialOutcome(err), Err: err.Error()}
			}
			defer conn.Close()
			a := probe.Attempt{Connected: true, Connect: time.Since(begin)}
			if deadline, ok := ctx.Deadline(); ok {
				_ = conn.SetDeadline(deadline) // a connection that refuses it is closed
			}
			exchange(&a, conn, address)
			a.Total = time.Since(begin)
			return a
		})
	}
}

// exchange asks for /info on a connection that stands.
func exchange(a *probe.Attempt, conn io.ReadWriter, host string) {
	_, err := fmt.Fprintf(conn, "GET /info HTTP/1.1\r\nHost: %s\r\nUser-Agent: kubectl-kbe\r\nConnection: close\r\n\r\n", host)
	if err != nil {
		a.Outcome, a.Err = brokenOutcome(err), err.Error()
		return
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, 64<<10)), nil)
	if err != nil {
		a.Outcome, a.Err = brokenOutcome(err), err.Error()
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		a.Outcome, a.Err = brokenOutcome(err), err.Error()
		return
	}
	answered(a, resp.StatusCode, string(body))
}

// answered takes an HTTP answer.
func answered(a *probe.Attempt, status int, body string) {
	a.Connected = true
	if answer, ok := probe.ParseAnswer(body); ok && status == http.StatusOK {
		a.Outcome, a.Answer = probe.Answered, &answer
		return
	}
	a.Outcome, a.Err = probe.Protocol, fmt.Sprintf("expected status 200 and JSON with a version, found status %d", status)
}

func dialOutcome(err error) probe.Outcome {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return probe.Timeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return probe.Refused
	default:
		return wordsOutcome(err.Error(), probe.Unreachable)
	}
}

// brokenOutcome is for a connection that stood.
func brokenOutcome(err error) probe.Outcome {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return probe.Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return probe.Reset
	default:
		return probe.Protocol
	}
}

// wordsOutcome reads how somebody else's dial failed out of an error's text.
func wordsOutcome(text string, otherwise probe.Outcome) probe.Outcome {
	for _, row := range []struct {
		words   string
		outcome probe.Outcome
	}{
		{"refused", probe.Refused},
		{"no route to host", probe.Unreachable},
		{"unreachable", probe.Unreachable},
		{"timeout", probe.Timeout},
		{"timed out", probe.Timeout},
		{"deadline exceeded", probe.Timeout},
		{"reset by peer", probe.Reset},
		{"EOF", probe.Reset},
	} {
		if strings.Contains(text, row.words) {
			return row.outcome
		}
	}
	return otherwise
}
