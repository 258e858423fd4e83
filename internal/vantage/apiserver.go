package vantage

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// askAPIServer has the API server's proxy ask.
func (r *run) askAPIServer(ctx context.Context, row *Row) {
	opts := probeOptions
	// The way to the API server comes on top.
	opts.Timeout += probeTime
	denied := ""
	row.Result = probe.Sample(ctx, row.Address.String(), opts, func(ctx context.Context) probe.Attempt {
		attempt, status := r.proxied(ctx)
		if status != nil && (status.Code == http.StatusForbidden || status.Code == http.StatusUnauthorized) {
			denied = "pods/proxy is not permitted: " + status.Message
		}
		return attempt
	})
	row.Skipped = denied
}

// proxied asks once. The status is what the API server itself said, or nil.
func (r *run) proxied(ctx context.Context) (probe.Attempt, *metav1.Status) {
	t := r.table.Target
	begin := time.Now()
	code := 0
	body, err := r.client.CoreV1().RESTClient().Get().Namespace(t.Namespace).Resource("pods").SubResource("proxy").
		Name(utilnet.JoinSchemeNamePort("http", t.Name, strconv.Itoa(int(t.Port)))).Suffix("info").
		Do(ctx).StatusCode(&code).Raw()
	a := probe.Attempt{Total: time.Since(begin)}
	var status metav1.Status
	if json.Unmarshal(body, &status) == nil && status.Kind == "Status" {
		a.Outcome, a.Err = wordsOutcome(status.Message, probe.Failed), status.Message
		return a, &status
	}
	if code == 0 {
		a.Outcome, a.Err = probe.Failed, "no answer"
		switch {
		case ctx.Err() != nil:
			a.Outcome, a.Err = probe.Timeout, "no answer in time"
		case err != nil:
			a.Outcome, a.Err = wordsOutcome(err.Error(), probe.Failed), err.Error()
		}
		return a, nil
	}
	answered(&a, code, string(body))
	return a, nil
}
