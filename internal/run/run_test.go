package run

import (
	"errors"
	"fmt"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
)

func TestAnErrorIsExplained(t *testing.T) {
	refused := errors.New(`Get "https://api.example/version": dial tcp 10.0.0.1:443: connect: connection refused`)
	cause := &diagnose.Cause{What: "no node can run it", Why: "0/3 nodes", Remedy: "free a node"}
	for name, tc := range map[string]struct {
		result Result
		want   string
	}{
		"a request before the work": {Result{Err: refused}, "the API server https://api.example does not answer: " + refused.Error() +
			"; check that the cluster runs, the server's address in config, and the VPN"},
		"the work itself":            {Result{Err: refused, Started: true}, refused.Error()},
		"a cause":                    {Result{Err: cause, Started: true}, "no node can run it: 0/3 nodes; free a node"},
		"a cause with what to do":    {Result{Err: fmt.Errorf("%w; %s", cause, cause.Remedy), Started: true}, "no node can run it: 0/3 nodes; free a node"},
		"an error of any other kind": {Result{Err: errors.New("no such file")}, "no such file"},
	} {
		if found := tc.result.Explained(diagnose.Connection{Host: "https://api.example", File: "config"}); found != tc.want {
			t.Errorf("%s:\nexpected %q,\nfound    %q", name, tc.want, found)
		}
	}
}
