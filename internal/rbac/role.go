package rbac

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/printers"
)

// Grant is who is granted what, and where.
type Grant struct {
	// Name is that of the objects that Manifest writes.
	Name string
	// For are the arguments with which kubectl kbe rbac prints this grant, besides where
	// and to whom, such as --for pods.
	For string
	// Namespace is where it is granted; "" means in all of them.
	Namespace string
	// Subjects may be empty: then nothing is bound.
	Subjects []rbacv1.Subject
	Needs    Needs
}

// Manifest writes the grant as YAML for `kubectl apply -f -`: a Role for what is
// in the Namespace, a ClusterRole for the rest, and their bindings.
func (g Grant) Manifest() ([]byte, error) {
	var inside, outside Needs
	if g.Namespace == "" {
		outside = g.Needs
	} else {
		inside, outside = g.Needs.Namespaced(), g.Needs.Cluster()
	}
	var out bytes.Buffer
	printer := printers.YAMLPrinter{}
	for _, doc := range slices.Concat(g.role("Role", inside), g.role("ClusterRole", outside)) {
		if err := printer.PrintObj(doc, &out); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// Command is the kubectl kbe rbac that prints what the grant requires.
func (g Grant) Command() string {
	command := "kubectl kbe rbac"
	if g.Namespace != "" {
		command += " -n " + g.Namespace
		if len(g.Needs.Required().Cluster()) > 0 {
			command += " --cluster-scoped"
		}
	}
	command += " " + g.For
	for _, s := range g.Subjects {
		if s.Kind == rbacv1.ServiceAccountKind {
			command += fmt.Sprintf(" --serviceaccount %s:%s", s.Namespace, s.Name)
		} else {
			command += " --user " + s.Name
		}
	}
	return command
}

// role is the role of that kind, and its binding; none without needs. Those of the cluster have
// the same fields as those of a Namespace.
func (g Grant) role(kind string, needs Needs) []runtime.Object {
	if len(needs) == 0 {
		return nil
	}
	where := metav1.ObjectMeta{Name: g.Name, Namespace: g.Namespace}
	if kind == "ClusterRole" {
		where.Namespace = ""
	}
	typeOf := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
	}
	docs := []runtime.Object{&rbacv1.Role{TypeMeta: typeOf(kind), ObjectMeta: where, Rules: needs.Rules()}}
	if len(g.Subjects) == 0 {
		return docs
	}
	return append(docs, &rbacv1.RoleBinding{
		TypeMeta: typeOf(kind + "Binding"), ObjectMeta: where,
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: g.Name},
		Subjects: g.Subjects,
	})
}

// Rules are the fewest rules that grant the needs and nothing else: one for the
// resources of a group that need the same verbs.
func (n Needs) Rules() []rbacv1.PolicyRule {
	verbs := map[schema.GroupResource][]string{}
	var resources []schema.GroupResource
	for _, need := range Join(n) {
		r := schema.GroupResource{Group: need.Group, Resource: need.Resource}
		if verbs[r] == nil {
			resources = append(resources, r)
		}
		verbs[r] = append(verbs[r], need.Verb)
	}
	var rules []rbacv1.PolicyRule
	for _, r := range resources {
		i := slices.IndexFunc(rules, func(rule rbacv1.PolicyRule) bool {
			return rule.APIGroups[0] == r.Group && slices.Equal(rule.Verbs, verbs[r])
		})
		if i >= 0 {
			rules[i].Resources = append(rules[i].Resources, r.Resource)
			continue
		}
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{r.Group}, Resources: []string{r.Resource}, Verbs: verbs[r]})
	}
	return rules
}

// serviceAccountPrefix begins the user name of a ServiceAccount: it is followed
// by NAMESPACE:NAME.
const serviceAccountPrefix = "system:serviceaccount:"

// SubjectOf is the subject that a user name stands for.
func SubjectOf(user string) rbacv1.Subject {
	if account, ok := strings.CutPrefix(user, serviceAccountPrefix); ok {
		if s, err := ServiceAccount(account); err == nil {
			return s
		}
	}
	return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}
}

// ServiceAccount is the subject that NAMESPACE:NAME stands for.
func ServiceAccount(account string) (rbacv1.Subject, error) {
	namespace, name, ok := strings.Cut(account, ":")
	if !ok || namespace == "" || name == "" || strings.Contains(name, ":") {
		return rbacv1.Subject{}, fmt.Errorf("serviceaccount %q: expected NAMESPACE:NAME", account)
	}
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}, nil
}
