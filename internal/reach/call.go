package reach

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// callByExec has the curl of the caller's container probe all addresses.
func callByExec(ctx context.Context, r *podRun, c caller, rows []Row) {
	targets := make([]netip.AddrPort, len(rows))
	for i, row := range rows {
		targets[i] = row.Address
	}
	found, err := probe.Probe(ctx, c.exec, targets, probe.Options{})
	for i, res := range found {
		switch rows[i].Result = res; {
		case res.Outcome != probe.None:
		case errors.Is(err, probe.ErrNoTool):
			rows[i].Skipped = err.Error()
		default:
			r.cannotProbe(&rows[i], err)
		}
	}
}

// callFromHere dials the Pod from this machine, once: on most clusters nothing answers.
func callFromHere(ctx context.Context, _ *podRun, _ caller, rows []Row) {
	for i := range rows {
		address := rows[i].Address.String()
		rows[i].Result = probe.Sample(ctx, probe.Options{Samples: 1}, func(ctx context.Context) probe.Attempt { return dial(ctx, address) })
	}
}

func dial(ctx context.Context, address string) probe.Attempt {
	begin := time.Now()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return failed(err.Error(), probe.Unreachable)
	}
	defer conn.Close()
	a := probe.Attempt{Connected: true, Connect: time.Since(begin)}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // a connection that refuses it is closed
	}
	exchange(&a, conn, address)
	a.Total = time.Since(begin)
	return a
}

// failed is an attempt that ended with an error.
func failed(text string, otherwise probe.Outcome) probe.Attempt {
	return probe.Attempt{Outcome: probe.OutcomeOf(text, otherwise), Err: text}
}

// exchange requests /info on a connection that stands.
func exchange(a *probe.Attempt, conn io.ReadWriter, host string) {
	status, body, err := info(a, conn, host)
	if err != nil {
		a.Outcome, a.Err = probe.OutcomeOf(err.Error(), probe.Protocol), err.Error()
		return
	}
	answered(a, status, body)
}

// info notes in the attempt that something is at the end of the connection: whatever answers shows it.
func info(a *probe.Attempt, conn io.ReadWriter, host string) (status int, body []byte, err error) {
	response := bufio.NewReader(io.LimitReader(conn, 64<<10))
	_, err = fmt.Fprintf(conn, "GET /info HTTP/1.1\r\nHost: %s\r\nUser-Agent: kubectl-kbe\r\nConnection: close\r\n\r\n", host)
	if err == nil {
		_, err = response.Peek(1)
	}
	if err != nil {
		return 0, nil, err
	}
	a.Connected = true
	resp, err := http.ReadResponse(response, nil)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	return resp.StatusCode, body, err
}

// answered takes an HTTP answer.
func answered(a *probe.Attempt, status int, body []byte) {
	a.Connected = true
	if _, answer, ok := probe.ParseAnswer(body); ok && status == http.StatusOK {
		a.Outcome, a.Answer = probe.Answered, &answer
		return
	}
	a.Outcome, a.Err = probe.Protocol, fmt.Sprintf("expected status 200 and JSON with a version, found status %d", status)
}

// tunnelTime bounds what a tunnel takes to the Pod, beyond the connection at its end: API
// server and kubelet, which runs a program for it, are busy on a machine with much to do.
const tunnelTime = 8 * time.Second

// callThrough probes the only row through the API server, whose own way adds to the time.
// attempt makes one connection; where it is not permitted, it says so.
func callThrough(ctx context.Context, row *Row, way time.Duration, attempt func(context.Context) (a probe.Attempt, denied string)) {
	row.Result = probe.Sample(ctx, probe.Options{Timeout: probe.DefaultTimeout + way}, func(ctx context.Context) (a probe.Attempt) {
		a, row.Skipped = attempt(ctx)
		return a
	})
}

// callByAPIServer has the API server's proxy probe.
func callByAPIServer(ctx context.Context, r *podRun, _ caller, rows []Row) {
	cfg := rest.CopyConfig(r.config)
	cfg.Wrap(kubectl.LimitBodies) // what answers may be anything
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		rows[0].Skipped = err.Error()
		return
	}
	t := r.table.Target
	url := r.client.CoreV1().RESTClient().Get().Namespace(t.Namespace).Resource("pods").SubResource("proxy").
		Name(utilnet.JoinSchemeNamePort("http", t.Name, strconv.Itoa(int(t.Port)))).Suffix("info").URL().String()
	callThrough(ctx, &rows[0], probe.DefaultTimeout, func(ctx context.Context) (probe.Attempt, string) { return proxied(ctx, client, url) })
}

func proxied(ctx context.Context, client *http.Client, url string) (a probe.Attempt, denied string) {
	begin := time.Now()
	code, body, err := get(ctx, client, url)
	var status metav1.Status // what the API server itself says
	switch {
	case ctx.Err() != nil:
		a = failed("no answer in time", probe.Timeout)
	case err != nil:
		a = failed(err.Error(), probe.Failed)
	case json.Unmarshal(body, &status) == nil && status.Kind == "Status":
		a = failed(status.Message, probe.Failed)
		// What it says of a service that speaks another protocol, and not of a connection.
		a.Connected = strings.HasPrefix(status.Message, toService) && !strings.Contains(status.Message, "dial ")
		if code == http.StatusForbidden || code == http.StatusUnauthorized {
			denied = "pods/proxy is not permitted: " + status.Message
		}
	default:
		answered(&a, code, body)
	}
	a.Total = time.Since(begin)
	return a, denied
}

// toService is how the API server's proxy begins to say that a request failed.
const toService = "error trying to reach service: "

func get(ctx context.Context, client *http.Client, url string) (code int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// callByPortForward probes through the tunnel of `kubectl port-forward`, without a
// port on this machine.
func callByPortForward(ctx context.Context, r *podRun, _ caller, rows []Row) {
	row := &rows[0]
	var broken error // why there was no tunnel: that says nothing of the Pod
	callThrough(ctx, row, tunnelTime, func(ctx context.Context) (probe.Attempt, string) {
		// Nothing of the tunnel takes a context.
		type tunnel struct {
			probe.Attempt
			err error
		}
		switch t, err := wait.Call(ctx, func() (t tunnel) { t.Attempt, t.err = r.tunnel(ctx); return t }); {
		case err != nil:
			return failed("no answer in time", probe.Timeout), ""
		case t.err == nil:
			return t.Attempt, ""
		default:
			a := probe.Attempt{Outcome: probe.Failed, Err: t.err.Error()}
			if strings.Contains(a.Err, "forbidden") {
				return a, "pods/portforward is not permitted: " + a.Err
			}
			broken = t.err
			return a, ""
		}
	})
	if broken != nil && r.env.Connection().Error(broken) != nil {
		r.cannotProbe(row, broken)
	}
}
