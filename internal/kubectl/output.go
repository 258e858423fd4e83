package kubectl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

const (
	// MaxOutput is how much is kept of what a command prints to one of its outputs,
	// in bytes: as much as of a log, or as a file of an example may have.
	MaxOutput = 1 << 20
	// maxPrinted is how much a command may print, and how long an answer of the API
	// server to it may be, in bytes. Lists of some thousand Pods have less.
	maxPrinted = 32 << 20
)

// errFlood ends a command that prints, or is answered, more than it may.
var errFlood = fmt.Errorf("the command was stopped after printing more than %d MiB: reduce its output, for example with a selector, --tail, or head", maxPrinted>>20)

// errOver is for a command that was left behind.
var errOver = errors.New("the command is over")

// output keeps the first MaxOutput bytes of what a command prints, and counts the
// rest. A command that was left behind may still write to it.
type output struct {
	end func(error)

	mu     sync.Mutex
	buf    bytes.Buffer
	beyond int64
	over   bool
}

var _ io.Writer = (*output)(nil)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return 0, errOver
	}
	n := min(len(p), MaxOutput-o.buf.Len())
	o.buf.Write(p[:n])
	if o.beyond += int64(len(p) - n); o.beyond > maxPrinted-MaxOutput {
		o.over = true
		o.end(errFlood)
		return n, errFlood
	}
	return len(p), nil
}

// close refuses what is yet written, so that who writes it ends.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
}

// kept returns what is kept, and how many bytes more there were.
func (o *output) kept() (text string, beyond int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String(), o.beyond
}

func (o *output) line(s string) {
	if s = strings.TrimSuffix(s, "\n"); s != "" {
		fmt.Fprintln(o, s)
	}
}

// LimitBodies wraps a transport so that no answer is longer than a command may
// print: kubectl reads a list, or a line of a log, as a whole.
func LimitBodies(next http.RoundTripper) http.RoundTripper { return limitBodies{next} }

type limitBodies struct{ next http.RoundTripper }

// RoundTrip limits the body of an answer. Who upgrades a connection reads no body.
func (l limitBodies) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err == nil && resp.Body != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		resp.Body = &limitedBody{resp.Body, maxPrinted}
	}
	return resp, err
}

// WrappedRoundTripper is for client-go, which looks for the connection's TLS state.
func (l limitBodies) WrappedRoundTripper() http.RoundTripper { return l.next }

type limitedBody struct {
	io.ReadCloser
	room int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.room+1)])
	if b.room -= n; b.room < 0 {
		return 0, errFlood
	}
	return n, err
}
