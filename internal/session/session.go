package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Labels of every object that a run creates.
const (
	// RunLabel holds the run's ID.
	RunLabel = "kubectl-kbe.github.io/run"
	// ManagedByLabel is the recommended label of Kubernetes; its value is ManagedBy.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "kubectl-kbe"
)

// enforceLabel names the Pod Security Standard that a Namespace enforces.
const enforceLabel = "pod-security.kubernetes.io/enforce"

var (
	namespaces      = corev1.SchemeGroupVersion.WithResource("namespaces")
	pods            = corev1.SchemeGroupVersion.WithResource("pods")
	secrets         = corev1.SchemeGroupVersion.WithResource("secrets")
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
	// Owned: the Namespace is the run's own.
	Owned bool

	client  dynamic.Interface
	core    corev1client.CoreV1Interface
	created ledger
	seen    *cache.Expiring
	others  others
	// ended lets no create begin any more, and creating is locked for reading by each: a
	// command that was left behind must not create anything after the cleanup has looked
	// at what there is.
	ended    atomic.Bool
	creating sync.RWMutex
	local    *local
	opts     Options
}

// Options are what is not the same for every run; the zero value has the defaults.
type Options struct {
	// Keep leaves everything on the cluster on purpose: it is marked so, and its Pods do not
	// stop by themselves.
	Keep bool
	// Timeout bounds the time until the verdict, or is 0; the cleanup has its own budget. The
	// Pods of a run that is killed stop by themselves Deadline later.
	Timeout time.Duration
	// Enforce is the Pod Security Standard that the run's own Namespace enforces, such as
	// restricted, or "" for the cluster's default.
	Enforce string
	// WithSidecars lets meshes add their sidecars to the run's Pods, which decline them
	// otherwise.
	WithSidecars bool
	// Confined: what the run wraps is for the commands of a stranger's example. They can
	// neither leave the run's Namespace nor run anything in what others have made there.
	Confined bool
	// OnStuckDeletion is called once for each object that is stuck terminating, as TYPE/NAME,
	// with the cluster's message on the finalizers that hold it. It may be nil.
	OnStuckDeletion func(object, why string)
}

// Open begins a run of the example: in namespace, where that is not empty, or
// in a new one. A Namespace that was created is removed again when Open fails.
func Open(ctx context.Context, cfg *rest.Config, example, namespace string, opts Options) (*Session, error) {
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	typed := rest.CopyConfig(cfg)
	typed.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON // it is read in a fifth of the time
	core, err := corev1client.NewForConfig(typed)
	if err != nil {
		return nil, err
	}
	s := &Session{ID: rand.String(5), Namespace: namespace, client: client, core: core, seen: cache.NewExpiring(), opts: opts}
	if s.local, err = openLocal(s.ID); err != nil {
		return nil, err
	}
	if namespace != "" {
		err = s.adopt(ctx)
	} else {
		s.Namespace = fmt.Sprintf("kbe-%s-%s", example, s.ID)
		err = s.make(ctx, cfg, example)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx).Err)
	}
	return s, nil
}

// Dir is a folder on this machine for the run's files; it goes with the run.
func (s *Session) Dir() string { return s.local.dir }

// adopt makes sure that an existing Namespace exists, and that one which someone
// has just made accepts Pods. Where reading it is not permitted, the first command
// will show it.
func (s *Session) adopt(ctx context.Context) error {
	ns, err := s.client.Resource(namespaces).Get(ctx, s.Namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("the namespace %q does not exist", s.Namespace)
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return err
	case ns.GetDeletionTimestamp() != nil:
		return fmt.Errorf("namespace %q is being deleted: wait until it no longer exists, or use another one with -n", s.Namespace)
	case time.Since(ns.GetCreationTimestamp().Time) < readyTimeout:
		return s.awaitServiceAccount(ctx)
	}
	return nil
}

// make creates the run's own Namespace, and waits until it accepts Pods.
func (s *Session) make(ctx context.Context, cfg *rest.Config, example string) error {
	cfg = rest.CopyConfig(cfg)
	s.wrap(cfg, false, &s.created)
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return err
	}
	ns := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Namespace",
		"metadata": map[string]any{
			"name":        s.Namespace,
			"annotations": map[string]any{"kubectl-kbe.github.io/example": example},
		},
	}}
	if s.opts.Enforce != "" {
		ns.SetLabels(map[string]string{enforceLabel: s.opts.Enforce})
	}
	_, err = client.Resource(namespaces).Create(ctx, ns, metav1.CreateOptions{})
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("%w\nto run in an existing namespace, use -n NAMESPACE", err)
	}
	if err != nil {
		return err
	}
	s.Owned = true
	return s.awaitServiceAccount(ctx)
}

// awaitServiceAccount waits for the ServiceAccount without which the API server
// rejects Pods. Where watching it is not permitted, the first Pod will show it.
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
