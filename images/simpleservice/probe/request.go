package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"time"
)

// Request is what to probe: one JSON object. A number that is 0 or absent has the
// default that is in brackets.
type Request struct {
	Targets []Target `json:"targets"`
	// Samples is how many connections are made to a target that answers (1).
	Samples int `json:"samples"`
	// TimeoutMS bounds one connection, from the dial to the end of the answer (2000).
	TimeoutMS int `json:"timeoutMs"`
	// SettleMS is how long, from the start of the probe, a target that does not answer
	// is asked again: a server may just be starting, a route just be programmed (0).
	SettleMS int `json:"settleMs"`
	// Parallel is how many targets are probed at a time (64).
	Parallel int `json:"parallel"`
}

// Target is one URL; its host is an IP address.
type Target struct {
	ID  string `json:"id"`
	URL string `json:"url"`

	host string // as it stands in the URL
	path string
	addr netip.AddrPort
}

// Bounds of a Request, so that none of them makes the probe use much memory or time.
const (
	maxRequest  = 16 << 20
	maxTargets  = 50_000
	maxSamples  = 1_000
	maxMillis   = 600_000
	maxParallel = 1_024
)

// read takes one JSON object, and does not wait for the end of in: where an exec's
// standard input cannot be closed, the end never comes.
func read(in io.Reader) (*Request, error) {
	limited := &io.LimitedReader{R: in, N: maxRequest}
	decoder := json.NewDecoder(limited)
	decoder.DisallowUnknownFields()
	r := &Request{}
	switch err := decoder.Decode(r); {
	case err != nil && limited.N <= 0:
		return nil, fmt.Errorf("request: expected at most %d MiB, found more", maxRequest>>20)
	case errors.Is(err, io.EOF):
		return nil, errors.New(`request: expected JSON such as {"targets":[{"id":"a","url":"http://10.0.0.1:9876/info"}]}, found nothing`)
	case err != nil:
		return nil, fmt.Errorf("request: %w", err)
	}
	return r, r.complete()
}

// complete checks the request and sets the defaults.
func (r *Request) complete() error {
	if n := len(r.Targets); n == 0 || n > maxTargets {
		return fmt.Errorf("targets: expected 1 to %d, found %d", maxTargets, n)
	}
	for _, number := range []struct {
		name               string
		value              *int
		fallback, min, max int
	}{
		{"samples", &r.Samples, 1, 1, maxSamples},
		{"timeoutMs", &r.TimeoutMS, 2000, 1, maxMillis},
		{"settleMs", &r.SettleMS, 0, 0, maxMillis},
		{"parallel", &r.Parallel, 64, 1, maxParallel},
	} {
		if *number.value == 0 {
			*number.value = number.fallback
		}
		if *number.value < number.min || *number.value > number.max {
			return fmt.Errorf("%s: expected %d to %d, found %d", number.name, number.min, number.max, *number.value)
		}
	}
	for i := range r.Targets {
		if err := r.Targets[i].parse(); err != nil {
			return fmt.Errorf("target %d, %q: %w", i+1, r.Targets[i].ID, err)
		}
	}
	return nil
}

func (t *Target) parse() error {
	u, err := url.Parse(t.URL)
	var addr netip.AddrPort
	if err == nil {
		addr, err = netip.ParseAddrPort(u.Host)
	}
	if err != nil || u.Scheme != "http" || u.User != nil || addr.Port() == 0 {
		return fmt.Errorf("url: expected http://ADDRESS:PORT/PATH with an IP address, such as http://10.0.0.1:9876/info, found %q", t.URL)
	}
	t.host, t.path, t.addr = u.Host, u.RequestURI(), addr
	return nil
}

func millis(n int) time.Duration { return time.Duration(n) * time.Millisecond }
