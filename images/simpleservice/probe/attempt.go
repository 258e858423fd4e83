package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Bounds of what is read of an answer.
const (
	maxBody   = 4 << 10
	maxAnswer = 64 << 10
)

// reply is the end of one connection.
type reply struct {
	outcome   Outcome
	connected bool
	connect   time.Duration // until the connection stood
	total     time.Duration // until the answer was read
	status    int
	body      string
	err       error
}

// attempt makes one connection and asks once.
func attempt(ctx context.Context, t Target, timeout time.Duration) reply {
	begin := time.Now()
	ctx, cancel := context.WithDeadline(ctx, begin.Add(timeout))
	defer cancel()
	var r reply
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", t.addr.String())
	if err == nil {
		defer func() { _ = conn.Close() }()
		r.connected, r.connect = true, time.Since(begin)
		err = r.ask(conn, t, begin.Add(timeout))
	}
	r.total = time.Since(begin)
	r.outcome = Answered
	if err != nil {
		r.err, r.outcome = err, outcomeOf(err, r.connected)
	}
	return r
}

// ask sends the request and reads the answer. An answer that is not the service's is
// an error of none of the kinds that a connection ends with.
func (r *reply) ask(conn net.Conn, t Target, deadline time.Time) error {
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: simpleservice-probe\r\nConnection: close\r\n\r\n", t.path, t.host); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxAnswer)), nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	r.status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	r.body = string(body)
	if err != nil {
		return err
	}
	var info struct {
		Version *string `json:"version"`
	}
	if r.status != http.StatusOK || json.Unmarshal(body, &info) != nil || info.Version == nil {
		return fmt.Errorf("expected status 200 and JSON with a version, found status %d, %q", r.status, resp.Header.Get("Content-Type"))
	}
	return nil
}
