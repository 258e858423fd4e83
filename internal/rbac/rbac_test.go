package rbac

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

func TestLookupKnowsWhatUsersCallAResource(t *testing.T) {
	for name, want := range map[string]string{
		"pods": "pods", "pod": "pods", "po": "pods", "Pod": "pods", "rc": "replicationcontrollers",
		"deploy": "deployments.apps", "deployments": "deployments.apps", "deployments.apps": "deployments.apps",
		"deployments.v1.apps": "deployments.apps", "deployment.v1.apps": "deployments.apps", "deployment.apps": "deployments.apps", "events": "events", "ev": "events",
		"ingress": "ingresses.networking.k8s.io", "netpol": "networkpolicies.networking.k8s.io",
		"endpoints": "endpoints", "widgets.example.com": "widgets.example.com", "widgets": "",
	} {
		found, _ := Lookup(name)
		if found.String() != want {
			t.Errorf("%s: expected %q, found %q", name, want, found)
		}
	}
	for short, long := range shortNames {
		if _, ok := builtIn()[long]; !ok {
			t.Errorf("%s: %s is no built-in resource", short, long)
		}
	}
}

func TestTheClusterResourcesAreBuiltIn(t *testing.T) {
	for group, resources := range clusterResources {
		if strings.HasPrefix(group, "api") && strings.HasSuffix(group, ".k8s.io") {
			continue // apiextensions and the aggregator: not in client-go's scheme
		}
		for _, r := range resources {
			known := false
			for kind := range scheme.Scheme.AllKnownTypes() {
				known = known || kind.Group == group && ResourceOf(kind).Resource == r
			}
			if !known {
				t.Errorf("%s of group %q: expected a built-in resource", r, group)
			}
		}
	}
}

func TestJoinKeepsARequiredNeed(t *testing.T) {
	joined := Join(Core("events", "list", "watch").Optional(), Core("events", "list"), Core("pods", "get"), Core("pods", "get"))
	var found []string
	for _, n := range joined.Required() {
		found = append(found, n.String())
	}
	if want := []string{"list events", "get pods"}; !slices.Equal(found, want) || len(joined) != 3 {
		t.Errorf("expected %v and an optional one, found %v of %v", want, found, joined)
	}
}

// granted are the needs that rules grant.
func granted(rules []rbacv1.PolicyRule) []string {
	var out []string
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, r := range rule.Resources {
				for _, verb := range rule.Verbs {
					out = append(out, Need{Verb: verb, Group: group, Resource: r}.String())
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestRulesGrantTheNeedsAndNothingElse(t *testing.T) {
	for name, needs := range map[string]Needs{
		"reach": Reach(), "reach --nodes": ReachNodes(), "probe pods": ProbePods(), "own namespace": OwnNamespace(),
		"groups": On(schema.GroupResource{Group: "apps", Resource: "deployments/scale"}, "get", "patch"),
	} {
		var want []string
		for _, n := range Join(needs) {
			want = append(want, n.String())
		}
		slices.Sort(want)
		if found := granted(needs.Rules()); !slices.Equal(found, want) {
			t.Errorf("%s: expected\n%v\nfound\n%v", name, want, found)
		}
	}
}

func TestTheManifestDividesWhatIsInsideANamespaceFromWhatIsNot(t *testing.T) {
	grant := Grant{Name: "g", Needs: Join(Core("pods", "get"), Core("nodes", "list")), Subjects: []rbacv1.Subject{SubjectOf("system:serviceaccount:ci:runner")}}
	for namespace, want := range map[string][]string{
		"":     {"ClusterRole", "ClusterRoleBinding"},
		"play": {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"},
	} {
		grant.Namespace = namespace
		text, err := grant.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for doc := range strings.SplitSeq(string(text), "---\n") {
			obj, kind, err := scheme.Codecs.UniversalDeserializer().Decode([]byte(doc), nil, nil)
			if err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
			kinds = append(kinds, kind.Kind)
			role, ok := obj.(*rbacv1.Role)
			if ok && (role.Namespace != "play" || !slices.Equal(granted(role.Rules), []string{"get pods"})) {
				t.Errorf("found %+v", role)
			}
			if b, ok := obj.(*rbacv1.RoleBinding); ok && b.Subjects[0] != (rbacv1.Subject{Kind: "ServiceAccount", Namespace: "ci", Name: "runner"}) {
				t.Errorf("found %+v", b.Subjects)
			}
		}
		if !slices.Equal(kinds, want) {
			t.Errorf("namespace %q: expected %v, found %v", namespace, want, kinds)
		}
	}
}

func TestServiceAccountRefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{"", "runner", ":runner", "ci:", "a:b:c"} {
		if _, err := ServiceAccount(text); err == nil || !strings.Contains(err.Error(), "expected NAMESPACE:NAME") {
			t.Errorf("%q: found %v", text, err)
		}
	}
}
