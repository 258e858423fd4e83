package session

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
)

// grant are the verbs on a resource: in a Namespace of the run's own, and in one
// that exists, which others use as well.
type grant struct{ own, shared []string }

var (
	reads   = []string{"get", "list", "watch"}
	changes = slices.Concat(reads, []string{"create", "delete", "patch"})
	scales  = []string{"get", "patch", "update"}
	enters  = []string{"create", "get"}
	whole   = grant{changes, changes}
	// apart is what would act on more than the run's own.
	apart = grant{changes, reads}
)

// granted are what the commands of a stranger's example may request of the API server
// for, in the run's Namespace. What is not here is refused: a resource that others
// serve may have a controller that acts anywhere.
var granted = map[string]grant{
	"configmaps":                             whole,
	"endpoints":                              apart,
	"events":                                 {reads, reads},
	"limitranges":                            apart,
	"persistentvolumeclaims":                 whole,
	"persistentvolumeclaims/status":          {[]string{"get"}, []string{"get"}},
	"pods":                                   whole,
	"pods/attach":                            {enters, enters},
	"pods/exec":                              {enters, enters},
	"pods/log":                               {[]string{"get"}, []string{"get"}},
	"pods/proxy":                             {[]string{"get"}, []string{"get"}},
	"pods/status":                            {[]string{"get"}, []string{"get"}},
	"podtemplates":                           whole,
	"replicationcontrollers":                 whole,
	"replicationcontrollers/scale":           {scales, scales},
	"replicationcontrollers/status":          {[]string{"get"}, []string{"get"}},
	"resourcequotas":                         apart,
	"secrets":                                whole,
	"serviceaccounts":                        whole,
	"services":                               whole,
	"services/proxy":                         {[]string{"get"}, []string{"get"}},
	"services/status":                        {[]string{"get"}, []string{"get"}},
	"controllerrevisions.apps":               {reads, reads},
	"daemonsets.apps":                        whole,
	"daemonsets.apps/status":                 {[]string{"get"}, []string{"get"}},
	"deployments.apps":                       whole,
	"deployments.apps/scale":                 {scales, scales},
	"deployments.apps/status":                {[]string{"get"}, []string{"get"}},
	"replicasets.apps":                       whole,
	"replicasets.apps/scale":                 {scales, scales},
	"replicasets.apps/status":                {[]string{"get"}, []string{"get"}},
	"statefulsets.apps":                      whole,
	"statefulsets.apps/scale":                {scales, scales},
	"statefulsets.apps/status":               {[]string{"get"}, []string{"get"}},
	"horizontalpodautoscalers.autoscaling":   apart,
	"cronjobs.batch":                         whole,
	"jobs.batch":                             whole,
	"jobs.batch/status":                      {[]string{"get"}, []string{"get"}},
	"leases.coordination.k8s.io":             apart,
	"endpointslices.discovery.k8s.io":        apart,
	"events.events.k8s.io":                   {reads, reads},
	"networkpolicies.networking.k8s.io":      whole,
	"poddisruptionbudgets.policy":            whole,
	"rolebindings.rbac.authorization.k8s.io": apart,
	"roles.rbac.authorization.k8s.io":        apart,
}

// Granted reports whether an example may do that in a Namespace of its run's own.
func Granted(n rbac.Need) bool {
	resource, sub, _ := strings.Cut(n.Resource, "/")
	at := target{resource: schema.GroupVersionResource{Group: n.Group, Resource: resource}, subresource: sub}
	return slices.Contains(granted[at.granted()].own, n.Verb)
}

// grantable says why an example may not request that, or "".
func (s *Session) grantable(verb string, at target) string {
	g := granted[at.granted()]
	switch {
	case !slices.Contains(g.own, verb):
		return fmt.Sprintf("%s %s: an example may not request this without --allow-cluster-scope", verb, at)
	case !s.Owned && !slices.Contains(g.shared, verb):
		return fmt.Sprintf("%s %s: it would affect objects of other runs or users, which is allowed only in the run's own namespace: omit -n", verb, at)
	case !s.Owned && at.resource == secrets && slices.Contains([]string{"list", "watch"}, verb):
		return fmt.Sprintf("%s %s: an example may read only its own: specify their names", verb, at)
	}
	return ""
}

// granted is the target as the table has it.
func (t target) granted() string {
	text := t.resource.GroupResource().String()
	if t.subresource != "" {
		text += "/" + t.subresource
	}
	return text
}

// verb is what the API server calls a request.
func (t target) verb(method string, query url.Values) string {
	switch {
	case method == http.MethodGet && t.name != "":
		return "get"
	case method == http.MethodGet && query.Has("watch"):
		return "watch"
	case method == http.MethodDelete && t.name == "":
		return "deletecollection"
	}
	return verbs[method]
}

var verbs = map[string]string{
	http.MethodGet: "list", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// ReadNeeds are what reading a path of the API server requires, given with its query.
func ReadNeeds(uri string) rbac.Needs {
	below, _, _ := strings.Cut(uri, "?")
	at, ok := parsePath(below)
	if !ok {
		return nil // not a resource, such as /version
	}
	resource := at.resource.GroupResource()
	object := rbac.On(resource, at.verb(http.MethodGet, nil))
	if at.subresource == "" {
		return object
	}
	resource.Resource += "/" + at.subresource
	needs := rbac.On(resource, "get")
	if at.subresource == "proxy" { // it is looked whose it is
		needs = append(needs, object...)
	}
	return needs
}

// itself matches the paths by which the API server describes itself.
var itself = regexp.MustCompile(`^/(version|openapi/v[23]|(openapi/v3/)?(api(/v1)?|apis(/[^/]+){0,2}))$`)

// isPlain reports whether a path means the same to whoever reads it: nothing is
// encoded that need not be, and there are no "..", "." or empty parts.
func isPlain(u *url.URL) bool {
	return u.RawPath == "" && u.Opaque == "" && path.Clean(u.Path) == "/"+strings.Trim(u.Path, "/")
}

// PermitsPath says why an example may not read a path of the API server, given
// with its query, or "". The run's Namespace may be its own.
func PermitsPath(namespace, uri string) string {
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return fmt.Sprintf("expected a path such as /api/v1/namespaces/%s/pods, found %q", namespace, uri)
	}
	s := &Session{Namespace: namespace, Owned: true}
	_, refusal := s.permits(http.MethodGet, u, u.Path)
	return refusal
}

// permits reads a request of an example, whose path is that below the API server's
// address, and says why it does not pass, or "". The target is empty where it is
// about no object.
func (s *Session) permits(method string, u *url.URL, below string) (at target, refusal string) {
	if _, err := url.ParseQuery(u.RawQuery); err != nil || !isPlain(u) {
		return at, fmt.Sprintf("%s %q: expected a path without encoded, empty or dotted parts", method, u.EscapedPath())
	}
	if method == http.MethodGet && itself.MatchString(strings.TrimSuffix(below, "/")) {
		return at, ""
	}
	at, ok := parsePath(below)
	switch {
	case !ok:
		return at, fmt.Sprintf("%s %q: it is no object of the run's namespace %q, and an example asks for nothing else", method, u.Path, s.Namespace)
	case at.namespace != s.Namespace:
		return at, fmt.Sprintf("%s: it is outside of the run's namespace %q, which an example does not leave unless it is run with --allow-cluster-scope", at, s.Namespace)
	}
	return at, s.grantable(at.verb(method, u.Query()), at)
}
