package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// podsNeeds are what the pods page needs in an existing Namespace.
func podsNeeds(t *testing.T, ownNamespace bool) rbac.Needs {
	t.Helper()
	pods, err := example.Load(examples.FS, "pods")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(pods)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Needs(ownNamespace)
}

// mayDo reports whether the API server's authorizer permits a user something.
func mayDo(ctx context.Context, t *testing.T, user string, what *authorizationv1.ResourceAttributes) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user, ResourceAttributes: what}}
	answer, err := client(t).AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Status.Allowed
}

// awaitAccess waits until a user has all permissions.
func awaitAccess(t *testing.T, user, namespace string, needs rbac.Needs) {
	t.Helper()
	for _, n := range needs {
		plural, sub, _ := strings.Cut(n.Resource, "/")
		what := &authorizationv1.ResourceAttributes{Verb: n.Verb, Group: n.Group, Resource: plural, Subresource: sub, Namespace: namespace}
		if n.Cluster {
			what.Namespace = ""
		}
		eventually(t, fmt.Sprintf("user %q may %s in %q", user, n, namespace), func(ctx context.Context) bool { return mayDo(ctx, t, user, what) })
	}
}

// awaitNoAccess waits until a user lacks a permission.
func awaitNoAccess(t *testing.T, user string, what *authorizationv1.ResourceAttributes) {
	t.Helper()
	eventually(t, fmt.Sprintf("user %q may not %s %s", user, what.Verb, what.Resource), func(ctx context.Context) bool { return !mayDo(ctx, t, user, what) })
}

// grant lets a user do what the needs say in a Namespace.
func grant(t *testing.T, user, namespace string, needs rbac.Needs) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: user}
	if _, err := client(t).RbacV1().Roles(namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: needs.Rules()}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta, Subjects: []rbacv1.Subject{rbac.SubjectOf(user)},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
	}
	if _, err := client(t).RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitAccess(t, user, namespace, needs)
}

// printed applies what `kubectl kbe rbac` prints, by kubectl.
func printed(t *testing.T, args ...string) {
	t.Helper()
	manifest, stderr, code := outcome(t, plugin(t, append([]string{"rbac"}, args...)...))
	if code != 0 {
		t.Fatalf("expected exit code 0, found %d: %s", code, stderr)
	}
	apply := kubectlCommand(t, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(manifest)
	if stdout, stderr, code := outcome(t, apply); code != 0 {
		t.Fatalf("kubectl apply -f -: found %d: %s%s", code, stdout, stderr)
	}
}

func TestThePageRunsWithWhatRBACPrints(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "role")
	user := envconf.RandomName("jane", 10)
	printed(t, "-n", f.session.Namespace, "--user", user, "--for", "pods")
	awaitAccess(t, user, f.session.Namespace, podsNeeds(t, false))
	stdout, stderr, code := outcome(t, plugin(t, "pods", "-n", f.session.Namespace, "--as", user))
	if code != 0 || !strings.Contains(stdout, "40 of 40 claims hold") {
		t.Errorf("expected that all claims hold, found exit code %d:\n%s%s", code, stdout, stderr)
	}
	assertPods(t, f.session.Namespace)
}

func TestThePageRunsInANamespaceOfItsOwnWithWhatRBACPrints(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "clusterrole")
	name := envconf.RandomName("kbe-e2e", 14)
	t.Cleanup(func() {
		roles := client(t).RbacV1()
		if err := roles.ClusterRoles().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if err := roles.ClusterRoleBindings().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	account := f.session.Namespace + ":default"
	printed(t, "--serviceaccount", account, "--for", "pods", "--name", name)
	awaitAccess(t, "system:serviceaccount:"+account, "", podsNeeds(t, true))
	stdout, stderr, code := outcome(t, plugin(t, "pods", "--as", "system:serviceaccount:"+account))
	if code != 0 || !strings.Contains(stdout, "40 of 40 claims hold") {
		t.Errorf("expected that all claims hold, found exit code %d:\n%s%s", code, stdout, stderr)
	}
	assertNoNamespace(t, namespaceOf(t, stdout))
}

// reachUser lets a user do what is printed for a feature, in the fixture's
// Namespace.
func reachUser(t *testing.T, f *fixture, purpose string, needs rbac.Needs) string {
	t.Helper()
	user := envconf.RandomName("jane", 10)
	t.Cleanup(func() {
		roles := client(t).RbacV1()
		if err := roles.ClusterRoles().Delete(context.Background(), user, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if err := roles.ClusterRoleBindings().Delete(context.Background(), user, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	printed(t, "-n", f.session.Namespace, "--cluster-scoped", "--user", user, "--name", user, "--for", purpose)
	awaitAccess(t, user, f.session.Namespace, needs)
	return user
}

// With what is printed no place is skipped for lack of a permission.
func TestReachRunsWithWhatRBACPrints(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "reach-role")
	user := reachUser(t, f, "reach", rbac.Reach())
	r, code := reachPod(t, "-n", f.session.Namespace, "--as", user)
	if code != 0 || r.Verdict != v1alpha1.Passed {
		t.Errorf("expected that it passes, found exit code %d, %s, %+v", code, r.Error, r.Causes)
	}
	single := len(schedulableNodes(t.Context(), t)) == 1
	for _, v := range r.Vantages {
		if skipped := v.Skipped != ""; skipped != (single && v.Place == "other-node") {
			t.Errorf("%s: found the reason %q", v.Place, v.Skipped)
		}
	}
	assertPods(t, f.session.Namespace)
}

// Without the ClusterRole, which lets the user list nodes, the run is refused.
func TestReachNodesRunsWithWhatRBACPrints(t *testing.T) {
	exhaustive(t)
	t.Parallel()
	f := newFixture(t, "reach-nodes-role")
	user := reachUser(t, f, "reach-nodes", rbac.ReachNodes())
	r := matrixOf(t, plugin(t, "reach", "--nodes", "-n", f.session.Namespace, "--as", user), 0)
	if failing := failingPairs(r.Matrix); len(failing) > 0 || len(r.Matrix.Pairs) == 0 {
		t.Errorf("expected that all is reachable, found %q of %d pairs", failing, len(r.Matrix.Pairs))
	}
	assertPods(t, f.session.Namespace)

	if err := client(t).RbacV1().ClusterRoleBindings().Delete(t.Context(), user, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitNoAccess(t, user, &authorizationv1.ResourceAttributes{Verb: "list", Resource: "nodes"})
	assertNodesRefused(t, f, user)
}

func TestWhatIsMissingIsNamedBeforeAnythingIsCreated(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "missing")
	needs := podsNeeds(t, false)
	required := needs.Required()
	for i, missing := range required {
		t.Run(missing.String(), func(t *testing.T) {
			user := envconf.RandomName("jane", 10)
			grant(t, user, f.session.Namespace, slices.Delete(slices.Clone(required), i, i+1))
			stdout, stderr, code := outcome(t, plugin(t, "pods", "-n", f.session.Namespace, "--as", user))
			want := `nothing was created, because user "` + user + `" lacks these permissions:` + "\n" +
				"  " + missing.String() + ` in namespace "` + f.session.Namespace + `"` + "\n" +
				"To grant all permissions of this run, an administrator runs:\n" +
				"  kubectl kbe rbac -n " + f.session.Namespace + " --for pods --user " + user + " | kubectl apply -f -\n"
			if code != 3 || stdout != "" || !strings.HasSuffix(stderr, want) {
				t.Errorf("expected exit code 3 and\n%s\nfound %d\n%s%s", want, code, stdout, stderr)
			}
			assertPods(t, f.session.Namespace)
		})
	}
	t.Run("what is optional is not missed", func(t *testing.T) {
		user := envconf.RandomName("jane", 10)
		grant(t, user, f.session.Namespace, required)
		stdout, stderr, code := outcome(t, plugin(t, "pods", "single-pod", "-n", f.session.Namespace, "--as", user))
		if code != 0 {
			t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
		}
		assertPods(t, f.session.Namespace)
	})
	t.Run("namespaces", func(t *testing.T) {
		stdout, stderr, code := outcome(t, plugin(t, "pods", "--as", envconf.RandomName("jane", 10)))
		for _, want := range []string{"create namespaces in the cluster", "-n NAMESPACE", "  kubectl kbe rbac --for pods --user "} {
			if code != 3 || stdout != "" || !strings.Contains(stderr, want) {
				t.Errorf("expected exit code 3 and %q, found %d:\n%s%s", want, code, stdout, stderr)
			}
		}
	})
}

// assertPods asserts which Pods a Namespace has; without names, none.
func assertPods(t *testing.T, namespace string, names ...string) {
	t.Helper()
	pods, err := client(t).CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range pods.Items {
		found = append(found, p.Name)
	}
	if !slices.Equal(found, names) {
		t.Errorf("namespace %q: expected the pods %v, found %v", namespace, names, found)
	}
}

func TestADenialOfAdmissionIsReportedBeforeAnythingIsCreated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prepare func(*testing.T, *fixture)
		want    []string
	}{
		"a quota": {func(t *testing.T, f *fixture) {
			createQuota(t, f.session.Namespace, "small", corev1.ResourceList{"pods": resource.MustParse("0")})
		}, []string{`pods "sise" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0`, `pods "twocontainers"`}},
		"a limit range": {func(t *testing.T, f *fixture) {
			limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "tiny"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
				Type: corev1.LimitTypeContainer, Max: corev1.ResourceList{"cpu": resource.MustParse("100m")}, Default: corev1.ResourceList{"cpu": resource.MustParse("100m")},
			}}}}
			if _, err := client(t).CoreV1().LimitRanges(f.session.Namespace).Create(t.Context(), limits, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}, []string{`pods "constraintpod" is forbidden: maximum cpu usage per Container is 100m, but limit is 500m`}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, "denied")
			tc.prepare(t, f)
			stdout, stderr, code := outcome(t, plugin(t, "pods", "-n", f.session.Namespace))
			for _, want := range append(tc.want, "nothing was created") {
				if code != 3 || stdout != "" || !strings.Contains(flat(stderr), want) {
					t.Errorf("expected exit code 3 and %q, found %d:\n%s%s", want, code, stdout, stderr)
				}
			}
		})
	}
}
