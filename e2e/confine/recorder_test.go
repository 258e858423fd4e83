//go:build linux

package confine

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// namespaceOfRun is that of the last run.
func (r *recorder) namespaceOfRun() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.namespaces[len(r.namespaces)-1]
}

// isOfRun reports whether a Namespace is that of some run: a command that was left
// behind may still ask for what its run is about.
func (r *recorder) isOfRun(namespace string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.namespaces, namespace)
}

// What a run itself asks for, beside its commands, and what kubectl asks the API
// server about itself.
var (
	ofTheTool = regexp.MustCompile(`^(POST /apis/auth(orization|entication)\.k8s\.io/v1/selfsubject(access)?reviews` +
		`|(GET|POST) /api/v1/namespaces|GET /api/v1/nodes(/[^/]+)?)$`)
	ofNamespace = regexp.MustCompile(`^(GET|DELETE) /api/v1/namespaces/[a-z0-9-]+$`)
	ofItself    = regexp.MustCompile(`^GET /(version|openapi/v2|openapi/v3(/api/v1|/apis/[a-z0-9.-]+/[a-z0-9]+)?|api(/v1)?|apis(/[^/]+){0,2})$`)
	inside      = regexp.MustCompile(`^/(api/v1|apis/[a-z0-9.-]+/v[a-z0-9]+)/namespaces/([a-z0-9-]+)/([a-z]+)(/[^/%]+(/[a-z]+(/.*)?)?)?$`)
)

// misrouted are what was recorded since the last time and must not be: requests that
// leave the run's Namespace, or change others' objects, files that are opened,
// addresses that are dialled, and text of the victim's files.
func (b *bench) misrouted(t testing.TB, printed string) []string {
	t.Helper()
	var out []string
	requests, dialled := b.recorder.reset()
	apiServer := strings.TrimPrefix(b.server.Config.Host, "https://")
	for _, address := range dialled {
		if address != apiServer {
			out = append(out, "dialled "+address)
		}
	}
	for _, r := range requests {
		if why := b.isAstray(r, apiServer); why != "" {
			out = append(out, why+": "+r.String())
		}
	}
	for _, name := range b.opens.reset(t) {
		out = append(out, "opened "+name)
	}
	if strings.Contains(printed, sentinel) {
		out = append(out, "printed what is in a file or in a secret of others")
	}
	return out
}

func (b *bench) isAstray(r request, apiServer string) string {
	line := r.method + " " + strings.TrimSuffix(r.path, "/")
	switch {
	case r.host != apiServer:
		return "another address"
	case strings.Contains(r.query+r.body+r.path, sentinel):
		return "the text of a file"
	case strings.HasSuffix(line, "/pods") && r.query == "dryRun=All" && strings.Contains(r.body, `{"generateName":"kbe-admission-"}`):
		return "" // the run itself asks whether the Namespace admits a plain Pod
	case ofItself.MatchString(line), ofTheTool.MatchString(line), b.recorder.isOfRun(r.path[strings.LastIndexByte(r.path, '/')+1:]) && ofNamespace.MatchString(line):
		return ""
	}
	if emptied := regexp.MustCompile(`^DELETE /api/v1/namespaces/kbe-hostile-[a-z0-9]+/pods$`); emptied.MatchString(line) {
		return "" // the cleanup of a Namespace of the run's own
	}
	m := inside.FindStringSubmatch(r.plainPath())
	if m == nil || !b.recorder.isOfRun(m[2]) || strings.Contains(r.path, "..") {
		return "outside of the run's namespace"
	}
	return changesOthers(r, m[3], m[4] != "", strings.HasPrefix(m[2], "kbe-hostile-"))
}

// plainPath is the path without encoding, or "" where that would hide a part.
func (r request) plainPath() string {
	path, err := url.PathUnescape(r.path)
	if err != nil || strings.Count(path, "/") != strings.Count(r.path, "/") {
		return ""
	}
	return strings.TrimSuffix(path, "/")
}

// harmful are the resources that act on more than a run's own.
var harmful = []string{"endpoints", "endpointslices", "horizontalpodautoscalers", "leases", "limitranges", "resourcequotas", "rolebindings", "roles"}

// selecting are the resources that select others.
var selecting = []string{"daemonsets", "deployments", "networkpolicies", "poddisruptionbudgets", "replicasets", "services", "statefulsets"}

// changesOthers says why a request is not bound to the run's resources. In a
// Namespace of the run's own, all is.
func changesOthers(r request, resource string, named, own bool) string {
	query, err := url.ParseQuery(r.query)
	creates := r.method == "POST" && !named
	switch {
	case err != nil:
		return "a query that cannot be read"
	case r.method == "GET":
		return ""
	case !own && slices.Contains(harmful, resource):
		return "acts on more than the run's"
	case creates && !strings.Contains(r.body, `"kubectl-kbe.github.io/run"`):
		return "makes what is not marked"
	case creates && !own && slices.Contains(selecting, resource) && !isBound(r.json(), resource):
		return "selects others'"
	case !creates && !r.isPinned(named):
		return "holds for any object of that name"
	case named && r.method == "POST" && query.Has("dryRun"):
		return "a dry run of what has none"
	}
	return ""
}

// json is the body of a request; a read has none.
func (r request) json() (body map[string]any) {
	_ = json.Unmarshal([]byte(r.body), &body)
	return body
}

// isPinned reports whether a change holds for one object only.
func (r request) isPinned(named bool) bool {
	uid := func(field string) bool {
		fields, _ := r.json()[field].(map[string]any)
		return fields["uid"] != nil
	}
	switch r.method {
	case "DELETE":
		return named && uid("preconditions")
	case "PATCH":
		return uid("metadata") || strings.HasPrefix(r.body, `[{"op":"test","path":"/metadata/uid"`)
	case "PUT":
		return uid("metadata")
	}
	return true // enters
}

// isBound reports whether what an object selects by has the run's label. A Service may
// select nothing.
func isBound(body map[string]any, resource string) bool {
	spec, _ := body["spec"].(map[string]any)
	for _, field := range []string{"selector", "podSelector"} {
		if selector, ok := spec[field]; ok {
			return strings.Contains(fmt.Sprint(selector), "kubectl-kbe.github.io/run")
		}
	}
	return resource == "services"
}
