package session

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestTheFirstRequestsAreBounded by more time, the further they have come.
func TestTheFirstRequestsAreBounded(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	slow := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/never" {
			<-req.Context().Done()
		}
		<-time.After(200 * time.Millisecond) // longer than the limits for the connection
	}))
	defer slow.Close()
	const short, long = 50 * time.Millisecond, time.Minute
	dropped := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	for name, tc := range map[string]struct {
		next   http.RoundTripper
		url    string
		limits limits
		ends   bool
	}{
		"no connection":  {dropped, slow.URL, limits{short, long, long}, true},
		"no handshake":   {slow.Client().Transport, "https://" + silent.Addr().String(), limits{long, short, long}, true},
		"a slow answer":  {slow.Client().Transport, slow.URL, limits{150 * time.Millisecond, 150 * time.Millisecond, long}, false},
		"never answered": {slow.Client().Transport, slow.URL + "/never", limits{long, long, short}, true},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tc.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := within{tc.limits, tc.next}.RoundTrip(req) //nolint:bodyclose // it is read already
		if errors.Is(err, context.DeadlineExceeded) != tc.ends || err == nil && resp.StatusCode != http.StatusOK {
			t.Errorf("%s: expected an end by the limit: %t, found %v", name, tc.ends, err)
		}
	}
}
