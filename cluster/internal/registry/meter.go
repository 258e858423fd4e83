package registry

import (
	"context"
	"net"
	"net/http"

	"golang.org/x/time/rate"
)

// burst is the number of bytes that a node may get ahead of its rate.
const burst = 64 << 10

// meters limit the bandwidth to each node.
type meters struct {
	bitsPerSecond float64
	of            map[string]*rate.Limiter // by the node's address
}

// meter returns a writer that is limited to the rate of the requesting node.
func (m *meters) meter(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if m.bitsPerSecond == 0 {
		return w
	}
	node, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		node = r.RemoteAddr
	}
	if m.of == nil {
		m.of = map[string]*rate.Limiter{}
	}
	if m.of[node] == nil {
		m.of[node] = rate.NewLimiter(rate.Limit(m.bitsPerSecond/8), burst)
	}
	return &metered{w, r.Context(), m.of[node]}
}

// metered is a writer that waits before it writes.
type metered struct {
	http.ResponseWriter
	ctx     context.Context
	limiter *rate.Limiter
}

func (m *metered) Write(data []byte) (written int, err error) {
	for len(data) > 0 && err == nil {
		chunk := data[:min(len(data), burst)]
		if err = m.limiter.WaitN(m.ctx, len(chunk)); err != nil {
			break
		}
		n := 0
		n, err = m.ResponseWriter.Write(chunk)
		written, data = written+n, data[n:]
	}
	return written, err
}
