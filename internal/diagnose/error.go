package diagnose

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Connection is how a client reaches its API server, for what a Cause reports
// it. All of it may be empty.
type Connection struct {
	// Host is the API server's URL.
	Host string
	// Proxy is the proxy-url that the kubeconfig's file ProxyFile has for the cluster, or ""
	// where that is up to the environment.
	Proxy, ProxyFile string
	// Node is the one that the request is about.
	Node string
	// File is where the kubeconfig is, Contexts what it has.
	File     string
	Contexts []string
}

// Error returns the Cause of a request that failed, or of a client that could
// not be made, or nil where the error is of another kind.
func (c Connection) Error(err error) *Cause {
	if err == nil {
		return nil
	}
	return c.look(string(apierrors.ReasonForError(err)), strings.TrimSpace(err.Error()))
}

// kubectlReason finds the reason in kubectl's words for an API error
// (k8s.io/kubectl, pkg/cmd/util/helpers.go).
var kubectlReason = regexp.MustCompile(`Error from server \((\w+)\):`)

// Output returns the Cause that a kubectl command has printed to its standard
// error, or nil.
func (c Connection) Output(stderr string) *Cause {
	reason := ""
	if m := kubectlReason.FindStringSubmatch(stderr); m != nil {
		reason = m[1]
	}
	return c.look(reason, strings.TrimSpace(stderr))
}

var noProgramText = regexp.MustCompile(noProgram)

// NoProgram reports whether a container runtime says that a program is not there or cannot
// be run.
func NoProgram(text string) bool { return noProgramText.MatchString(text) }

func (c Connection) look(reason, message string) *Cause {
	file := cmp.Or(c.File, "the kubeconfig")
	contexts := fmt.Sprintf("another kubeconfig, with KUBECONFIG or --kubeconfig: %s has no contexts", file)
	if len(c.Contexts) > 0 {
		contexts = fmt.Sprintf("one of the contexts of %s, with --context: %s", file, strings.Join(c.Contexts, ", "))
	}
	names := map[string]string{
		"host": c.Host, "file": file, "contexts": contexts,
		"kubelet": "the kubelet", "proxy": "HTTPS_PROXY, or bypass it with NO_PROXY",
	}
	if c.Node != "" {
		names["kubelet"] = fmt.Sprintf("the kubelet of node %q", c.Node)
	}
	if c.Proxy != "" {
		names["proxy"] = fmt.Sprintf("proxy-url: %s of the cluster in %s", c.Proxy, c.ProxyFile)
	}
	return look([]sign{{at: api, reason: reason, message: message, about: names}})
}
