package rbac

import (
	"context"
	"fmt"
	"strings"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Denied is what a user lacks.
type Denied struct {
	// User is the user's name for the API server, or "" where it is unknown.
	User string
	// Grant is all that the feature needs.
	Grant Grant
	// Missing are those of its needs that are not granted.
	Missing Needs
}

// Error names everything that is missing, and the command that grants it.
func (d *Denied) Error() string {
	var b strings.Builder
	where := "in namespace " + fmt.Sprintf("%q", d.Grant.Namespace)
	if d.Grant.Namespace == "" {
		where = "in all namespaces (the run creates its own)"
	}
	fmt.Fprintf(&b, "nothing was created, because user %q lacks these permissions:\n", d.User)
	for _, n := range d.Missing {
		at := where
		if n.Cluster {
			at = "in the cluster"
		}
		fmt.Fprintf(&b, "  %s %s\n", n, at)
	}
	if d.Grant.Namespace == "" {
		b.WriteString("To run in an existing namespace instead, use -n NAMESPACE.\n")
	}
	fmt.Fprintf(&b, "To grant all permissions of this run, an administrator runs:\n  %s | kubectl apply -f -", d.Grant.Command())
	return b.String()
}

// Check finds which of the grant's needs the user lacks: all
// questions at once, so that it takes the time of one. The error is a *Denied
// where something is missing. An API server that does not answer such questions
// is taken to grant everything: the requests themselves will show it.
func Check(ctx context.Context, client kubernetes.Interface, grant Grant) error {
	required := grant.Needs.Required()
	allowed := make([]bool, len(required))
	var user string
	var wg sync.WaitGroup
	for i, need := range required {
		wg.Go(func() { allowed[i] = isAllowed(ctx, client, grant.Namespace, need) })
	}
	wg.Go(func() { user = whoAmI(ctx, client) })
	wg.Wait()
	var missing Needs
	for i, need := range required {
		if !allowed[i] {
			missing = append(missing, need)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if user != "" && len(grant.Subjects) == 0 {
		grant.Subjects = append(grant.Subjects, SubjectOf(user))
	}
	return &Denied{User: user, Grant: grant, Missing: missing}
}

func isAllowed(ctx context.Context, client kubernetes.Interface, namespace string, need Need) bool {
	resource, sub, _ := strings.Cut(need.Resource, "/")
	if need.Cluster {
		namespace = ""
	}
	review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: need.Verb, Group: need.Group, Resource: resource, Subresource: sub,
		}},
	}, metav1.CreateOptions{})
	return err != nil || review.Status.Allowed
}

func whoAmI(ctx context.Context, client kubernetes.Interface) string {
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return ""
	}
	return review.Status.UserInfo.Username
}
