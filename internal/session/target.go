package session

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// target is what a request to the API server is about.
type target struct {
	resource schema.GroupVersionResource
	// namespace is "" for what is in none.
	namespace string
	// name is "" for a whole collection.
	name, subresource string
}

// parseTarget reads the path of a request. It is not ok where the request is
// about no object: discovery, versions, health, reviews of permissions.
func parseTarget(u *url.URL) (t target, ok bool) {
	// The path of the API server's address may come first.
	begin := ofAPI.FindStringIndex(u.Path)
	if begin == nil {
		return t, false
	}
	t, ok = parsePath(u.Path[begin[0]:])
	return t, ok && !slices.Contains(reviews, t.resource.Group)
}

// ofAPI matches where the path of an object begins.
var ofAPI = regexp.MustCompile(`/apis?/`)

// parsePath reads a path below the address of the API server.
func parsePath(path string) (t target, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		t.resource.Version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		t.resource.Group, t.resource.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return t, false
	}
	if len(parts) >= 3 && parts[0] == "namespaces" && !slices.Contains([]string{"status", "finalize"}, parts[2]) {
		t.namespace, parts = parts[1], parts[2:]
	}
	t.resource.Resource = parts[0]
	if len(parts) > 1 {
		t.name = parts[1]
	}
	if len(parts) > 2 {
		t.subresource = parts[2]
	}
	if words := strings.Split(t.name, ":"); t.subresource == "proxy" && len(words) > 1 {
		t.name = words[len(words)-2] // [SCHEME:]NAME:PORT
	}
	return t, len(parts) <= 3 || t.subresource == "proxy"
}

func (t target) String() string {
	text := t.resource.GroupResource().String()
	if t.name != "" {
		text += " " + strconv.Quote(t.name)
	}
	if t.namespace != "" {
		text += " of namespace " + strconv.Quote(t.namespace)
	}
	return text
}

// connects reports whether a request runs something in what it names.
func (t target) connects() bool {
	return slices.Contains([]string{"exec", "attach", "portforward", "proxy"}, t.subresource)
}

// reviews are the API groups whose objects are answers and are never stored.
var reviews = []string{"authentication.k8s.io", "authorization.k8s.io"}
