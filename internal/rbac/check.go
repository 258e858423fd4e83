package rbac

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Check finds which of the grant's needs the user lacks: all
// questions at once, so that it takes the time of one. The error names them, and the
// command that grants them. An API server that does not answer such questions is taken
// to grant everything: the requests themselves will show it.
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
	return errors.New(denial(user, grant, missing))
}

// denial names everything that a user lacks, and the command that grants it.
func denial(user string, grant Grant, missing Needs) string {
	var b strings.Builder
	where := fmt.Sprintf("in namespace %q", grant.Namespace)
	if grant.Namespace == "" {
		where = "in all namespaces (the run creates its own)"
	}
	fmt.Fprintf(&b, "nothing was created, because user %q lacks these permissions:\n", user)
	for _, n := range missing {
		at := where
		if n.Cluster {
			at = "in the cluster"
		}
		fmt.Fprintf(&b, "  %s %s\n", n, at)
	}
	if grant.Namespace == "" {
		b.WriteString("To run in an existing namespace instead, use -n NAMESPACE.\n")
	}
	fmt.Fprintf(&b, "To grant all permissions of this run, an administrator runs:\n  %s | kubectl apply -f -", grant.Command())
	return b.String()
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
