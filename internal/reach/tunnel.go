package reach

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// tunnel makes one connection, through a tunnel of its own. With the error no tunnel stands:
// nothing is known of the Pod.
func (r *podRun) tunnel(ctx context.Context) (a probe.Attempt, err error) {
	dialer, err := r.dialer()
	if err != nil {
		return a, err
	}
	conn, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return a, err
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
		return a, err
	}
	_ = problems.Close() // it is only read
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := conn.CreateStream(headers)
	if err != nil {
		return a, err
	}
	begin := time.Now()
	exchange(&a, data, fmt.Sprintf("localhost:%d", r.table.Target.Port))
	a.Total = time.Since(begin)
	if a.Connected {
		return a, nil
	}
	// The other end of the tunnel says why, unless the program closed the connection.
	switch text, err := io.ReadAll(io.LimitReader(problems, 4<<10)); {
	case err != nil:
	case len(text) > 0:
		a.Err = ofSandbox.ReplaceAllString(string(text), "")
		a.Outcome = probe.OutcomeOf(a.Err, probe.Failed)
		a.Connected = a.Outcome == probe.Reset
	default:
		a.Connected = true
	}
	return a, nil
}

// ofSandbox is what a kubelet says of the Pod's sandbox, in hundreds of characters.
var ofSandbox = regexp.MustCompile(` to pod \w+, uid | (in network|inside) namespace "[^"]*"`)

// dialer uses a WebSocket, or SPDY where a proxy breaks that, as kubectl does.
func (r *podRun) dialer() (httpstream.Dialer, error) {
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
