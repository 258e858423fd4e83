package rbac

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Need is one verb on one resource, of which nothing more than its name is
// known beforehand.
type Need struct {
	Verb string
	// Group is "" for the core API.
	Group string
	// Resource is a plural, with its subresource, such as pods/exec.
	Resource string
	// Cluster: the resource is not in any Namespace.
	Cluster bool
	// Optional: a run goes on without it, and reports less.
	Optional bool
}

// String is a need as an argument of `kubectl auth can-i`: VERB RESOURCE[.GROUP][/SUB].
func (n Need) String() string {
	resource, sub, has := strings.Cut(n.Resource, "/")
	text := n.Verb + " " + schema.GroupResource{Group: n.Group, Resource: resource}.String()
	if has {
		text += "/" + sub
	}
	return text
}

// Needs are what a feature needs.
type Needs []Need

// On returns a need of each verb on a resource.
func On(resource schema.GroupResource, verbs ...string) Needs {
	needs := make(Needs, len(verbs))
	for i, verb := range verbs {
		needs[i] = Need{Verb: verb, Group: resource.Group, Resource: resource.Resource, Cluster: isCluster(resource)}
	}
	return needs
}

// Core is On for a resource of the core API.
func Core(resource string, verbs ...string) Needs {
	return On(schema.GroupResource{Resource: resource}, verbs...)
}

// Optional returns the needs as such that a run goes on without.
func (n Needs) Optional() Needs {
	out := slices.Clone(n)
	for i := range out {
		out[i].Optional = true
	}
	return out
}

// Required returns the needs that are not optional.
func (n Needs) Required() Needs {
	return slices.DeleteFunc(slices.Clone(n), func(need Need) bool { return need.Optional })
}

// Cluster returns the needs on resources that are in no Namespace, Namespaced the others.
func (n Needs) Cluster() Needs {
	return slices.DeleteFunc(slices.Clone(n), func(need Need) bool { return !need.Cluster })
}

// Namespaced returns the needs on resources in a Namespace.
func (n Needs) Namespaced() Needs {
	return slices.DeleteFunc(slices.Clone(n), func(need Need) bool { return need.Cluster })
}

// String lists the needs.
func (n Needs) String() string {
	texts := make([]string, len(n))
	for i, need := range n {
		texts[i] = need.String()
	}
	return strings.Join(texts, ", ")
}

// Join returns all needs once, sorted. One that is required somewhere is not optional.
func Join(lists ...Needs) Needs {
	all := slices.Concat(lists...)
	all = append(all.Required(), all...) // of equal needs the first is kept
	slices.SortStableFunc(all, compare)
	return slices.CompactFunc(all, func(a, b Need) bool { return compare(a, b) == 0 })
}

// compare orders needs by what is needed, required or not.
func compare(a, b Need) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Verb, b.Verb))
}
