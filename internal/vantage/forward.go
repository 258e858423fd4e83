package vantage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// askPortForward asks through the tunnel of `kubectl port-forward`, without a
// port on this machine.
func (r *run) askPortForward(ctx context.Context, row *Row) {
	opts := probeOptions
	opts.Timeout += probeTime
	denied := ""
	row.Result = probe.Sample(ctx, "localhost", opts, func(ctx context.Context) probe.Attempt {
		done := make(chan probe.Attempt, 1)
		// Nothing of the tunnel takes a context: who hangs is left behind.
		go func() { done <- r.tunnel(ctx) }()
		select {
		case a := <-done:
			if a.Outcome == probe.Failed && strings.Contains(a.Err, "forbidden") {
				denied = "pods/portforward is not permitted: " + a.Err
			}
			return a
		case <-ctx.Done():
			return probe.Attempt{Outcome: probe.Timeout, Err: "no answer in time"}
		}
	})
	row.Skipped = denied
}

// tunnel asks once, through a tunnel of its own.
func (r *run) tunnel(ctx context.Context) probe.Attempt {
	dialer, err := r.dialer()
	if err != nil {
		return probe.Attempt{Outcome: probe.Failed, Err: err.Error()}
	}
	conn, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return probe.Attempt{Outcome: probe.Failed, Err: err.Error()}
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(int(r.table.Target.Port)))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	problems, err := conn.CreateStream(headers)
	if err != nil {
		return probe.Attempt{Outcome: probe.Failed, Err: err.Error()}
	}
	_ = problems.Close() // it is only read
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := conn.CreateStream(headers)
	if err != nil {
		return probe.Attempt{Outcome: probe.Failed, Err: err.Error()}
	}
	var a probe.Attempt
	begin := time.Now()
	exchange(&a, data, fmt.Sprintf("localhost:%d", r.table.Target.Port))
	a.Total = time.Since(begin)
	if a.Outcome == probe.Answered || a.Outcome == probe.Protocol && a.Connected {
		return a
	}
	// The other end of the tunnel tells why.
	if text, err := io.ReadAll(io.LimitReader(problems, 4<<10)); err == nil && len(text) > 0 {
		a.Err = string(text)
		a.Outcome = wordsOutcome(a.Err, probe.Reset)
	}
	return a
}

// dialer goes by WebSocket, or by SPDY where a proxy breaks that, as kubectl does.
func (r *run) dialer() (httpstream.Dialer, error) {
	t := r.table.Target
	url := r.client.CoreV1().RESTClient().Post().Namespace(t.Namespace).Resource("pods").Name(t.Name).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(r.config)
	if err != nil {
		return nil, err
	}
	bySPDY := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	byWebSocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, r.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(byWebSocket, bySPDY, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}
