package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/wait"
)

// Labels of every object that a run creates.
const (
	// RunLabel holds the run's ID.
	RunLabel = "kubectl-kbe.github.io/run"
	// ManagedByLabel is the recommended label of Kubernetes; its value is ManagedBy.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "kubectl-kbe"
)

var (
	namespaces      = corev1.SchemeGroupVersion.WithResource("namespaces")
	pods            = corev1.SchemeGroupVersion.WithResource("pods")
	serviceAccounts = corev1.SchemeGroupVersion.WithResource("serviceaccounts")
)

// readyTimeout bounds the wait for a new Namespace's default ServiceAccount,
// which the controller manager makes within a second on a healthy cluster.
const readyTimeout = 30 * time.Second

// Session is one run's hold on a cluster.
type Session struct {
	// ID identifies the run, in names and in RunLabel.
	ID string
	// Namespace is where the run works.
	Namespace string
	// Owned tells that the Namespace is the run's own.
	Owned bool

	client  dynamic.Interface
	logs    corev1client.PodsGetter
	created ledger
}

// Open begins a run of the example: in namespace, where that is not empty, or
// in a new one. A Namespace that was created is removed again when Open fails.
func Open(ctx context.Context, cfg *rest.Config, example, namespace string) (*Session, error) {
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	logs, err := corev1client.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	s := &Session{ID: rand.String(5), Namespace: namespace, client: client, logs: logs}
	if namespace != "" {
		return s, s.adopt(ctx)
	}
	s.Namespace = fmt.Sprintf("kbe-%s-%s", example, s.ID)
	if err := s.create(ctx, example); err != nil {
		return nil, err
	}
	if err := s.awaitServiceAccount(ctx); err != nil {
		cleanup := s.Close(context.WithoutCancel(ctx))
		return nil, errors.Join(err, cleanup.Err)
	}
	return s, nil
}

// adopt makes sure that an existing Namespace exists. Where reading it is not
// permitted, the first command will tell.
func (s *Session) adopt(ctx context.Context) error {
	ns, err := s.client.Resource(namespaces).Get(ctx, s.Namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("namespace %q does not exist: create it, or leave -n out for a new one", s.Namespace)
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return err
	case ns.GetDeletionTimestamp() != nil:
		return fmt.Errorf("namespace %q is being deleted: wait until it is gone, or name another with -n", s.Namespace)
	}
	return nil
}

func (s *Session) create(ctx context.Context, example string) error {
	ns := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Namespace",
		"metadata": map[string]any{
			"name":   s.Namespace,
			"labels": s.labels(),
			"annotations": map[string]any{
				"kubectl-kbe.github.io/example": example,
			},
		},
	}}
	made, err := s.client.Resource(namespaces).Create(ctx, ns, metav1.CreateOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%w\nto run in a Namespace that exists, name it: -n NAMESPACE", err)
	case err != nil && ctx.Err() != nil:
		// The request may have arrived all the same.
		s.Owned = true
		cleanup := s.Close(context.WithoutCancel(ctx))
		return errors.Join(context.Cause(ctx), cleanup.Err)
	case err != nil:
		return err
	}
	s.Owned = true
	s.created.add(object{namespaces, "", s.Namespace, made.GetUID()})
	return nil
}

// awaitServiceAccount waits for the ServiceAccount without which the API server
// rejects Pods. Where watching it is not permitted, the first Pod will tell.
func (s *Session) awaitServiceAccount(ctx context.Context) error {
	waitCtx, cancel := wait.WithTimeout(ctx, readyTimeout)
	defer cancel()
	err := wait.For(waitCtx, s.client.Resource(serviceAccounts).Namespace(s.Namespace), "default",
		func(obj *unstructured.Unstructured) (bool, error) { return obj != nil, nil })
	switch {
	case apierrors.IsForbidden(err):
		return nil
	case errors.Is(err, wait.ErrTimeout):
		return fmt.Errorf("serviceaccount \"default\" of namespace %q: expected within %s, found none: is the controller manager running?", s.Namespace, readyTimeout)
	}
	return err
}

// Client is the run's client, for what is not a command.
func (s *Session) Client() dynamic.Interface { return s.client }

func (s *Session) labels() map[string]any {
	return map[string]any{RunLabel: s.ID, ManagedByLabel: ManagedBy}
}
