package e2e

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// story is what is looked at of a run.
type story struct {
	verdict v1alpha1.Verdict
	failed  []engine.ClaimDecided
	pods    map[string]v1alpha1.Pod // the last state of each, by name
}

// runSteps runs an example that has these steps and claims.
func runSteps(t *testing.T, flags *genericclioptions.ConfigFlags, opts engine.Options, steps string) story {
	t.Helper()
	e, err := example.LoadFile("inline", strings.NewReader(`apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata: {name: inline}
spec:
  title: Inline
  images: {shell: quay.io/centos/centos:stream9}
  scenarios:
  - name: only
    title: Only
    steps:
`+steps), nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(e)
	if err != nil {
		t.Fatal(err)
	}
	s := story{pods: map[string]v1alpha1.Pod{}}
	s.verdict = engine.Run(t.Context(), clientsOf(flags), plan, opts, unobserved, func(ev engine.Event) {
		switch b := ev.Body.(type) {
		case engine.ClaimDecided:
			if b.Outcome == v1alpha1.Failed {
				s.failed = append(s.failed, b)
			}
		case engine.StepFailed:
			t.Log(b.Err)
		case engine.PodSeen:
			s.pods[b.Pod.Name] = b.Pod
		}
	})
	return s
}

func flagsTo(change func(*rest.Config)) *genericclioptions.ConfigFlags {
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig = kube.KubeConfig
	flags.WrapConfigFn = func(cfg *rest.Config) *rest.Config {
		change(cfg)
		return cfg
	}
	return flags
}

// A claim that may take a moment is decided again at what it reads, even where
// the Pod does not change.
func TestAClaimIsDecidedAgain(t *testing.T) {
	for name, steps := range map[string]string{
		"at a new line of a log": `
    - run: kubectl run talker --image=$(images.shell) -- bash -c 'read -t 3 <> <(:); echo at last; sleep infinity'
    - run: kubectl wait --for=condition=Ready pod/talker --timeout=2m
      expect:
      - {claim: It speaks, that: 'logs("talker", "talker").contains("at last")', within: 30s}
`,
		"at an event": `
    - run: >-
        kubectl run unwell --image=$(images.shell) --override-type=strategic
        --overrides='{"spec":{"containers":[{"name":"unwell","readinessProbe":{"initialDelaySeconds":2,"exec":{"command":["false"]}}}]}}'
        -- sleep infinity
      expect:
      - {claim: Its probe fails, that: 'events("unwell").exists(e, e.reason == "Unhealthy")', within: 30s}
`,
		"at a change of a pod": `
    - run: kubectl run brief --image=$(images.shell) --restart=Never -- true
      expect:
      - {claim: It ends, that: 'pod("brief").status.phase == "Succeeded"', within: 30s}
`,
	} {
		t.Run(name, func(t *testing.T) {
			if name != "at a change of a pod" {
				exhaustive(t)
			}
			t.Parallel()
			if s := runSteps(t, kube, engine.Options{FailFast: true}, steps); s.verdict != v1alpha1.Passed {
				t.Errorf("expected that the claim holds, found the verdict %s, %+v", s.verdict, s.failed)
			}
		})
	}
}

const endsLate = `
    - run: kubectl run brief --image=$(images.shell) --restart=Never -- sleep 2
      expect:
      - {claim: It ends, that: 'pod("brief").status.phase == "Succeeded"', within: 30s}
`

// unsteady breaks off each watch of Pods after its first bytes, and asks for the
// next one from a version that the API server has long forgotten.
type unsteady struct {
	next http.RoundTripper
	cut  *atomic.Int32
	gone *atomic.Int32
}

func (u unsteady) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.Query()
	if !strings.HasSuffix(req.URL.Path, "/pods") || !query.Has("watch") || query.Has("fieldSelector") {
		return u.next.RoundTrip(req)
	}
	n := u.cut.Add(1)
	if n%2 == 0 {
		for _, field := range []string{"sendInitialEvents", "resourceVersionMatch"} {
			query.Del(field)
		}
		query.Set("resourceVersion", "1")
		req = req.Clone(req.Context())
		req.URL.RawQuery = query.Encode()
	}
	resp, err := u.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if n%2 == 0 {
		return resp, u.countExpired(resp)
	}
	if n < 6 {
		resp.Body = &cutShort{resp.Body}
	}
	return resp, nil
}

// countExpired counts the answers 410, which come as the status of the answer or
// as an event in it.
func (u unsteady) countExpired(resp *http.Response) error {
	if resp.StatusCode == http.StatusGone {
		u.gone.Add(1)
		return nil
	}
	begin := make([]byte, 4096)
	n, err := resp.Body.Read(begin)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.Contains(string(begin[:n]), `"code":410`) {
		u.gone.Add(1)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(string(begin[:n])), resp.Body), resp.Body}
	return nil
}

// cutShort ends an answer after what its first read brings.
type cutShort struct{ io.ReadCloser }

func (c *cutShort) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestAWatchThatBreaksOffOrExpiresIsTakenUpAgain(t *testing.T) {
	exhaustive(t)
	var cut, gone atomic.Int32
	s := runSteps(t, flagsTo(func(cfg *rest.Config) {
		cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return unsteady{next, &cut, &gone} })
	}), engine.Options{FailFast: true}, endsLate)
	if s.verdict != v1alpha1.Passed || s.pods["brief"].Phase != "Succeeded" {
		t.Errorf("expected that the claim holds, found the verdict %s, %+v, %+v", s.verdict, s.failed, s.pods)
	}
	if cut.Load() < 3 || gone.Load() == 0 {
		t.Errorf("expected watches that break off and expire, found %d, and %d answers 410", cut.Load(), gone.Load())
	}
}

// limited returns flags of a user that has these verbs on Pods, and no others.
func limited(t *testing.T, f *fixture, verbs ...string) *genericclioptions.ConfigFlags {
	t.Helper()
	user := "limited-" + f.session.ID
	meta := metav1.ObjectMeta{Name: "limited"}
	roles := client(t).RbacV1()
	if _, err := roles.Roles(f.session.Namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: verbs},
	}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := roles.RoleBindings(f.session.Namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return flagsTo(func(cfg *rest.Config) { cfg.Impersonate = rest.ImpersonationConfig{UserName: user} })
}

func TestARunGoesOnWithoutThePermissionToWatchEvents(t *testing.T) {
	exhaustive(t)
	f := newFixture(t, "no-events")
	s := runSteps(t, limited(t, f, "create", "get", "list", "watch", "delete"), engine.Options{Options: run.Options{Namespace: f.session.Namespace}, FailFast: true}, endsLate)
	if s.verdict != v1alpha1.Passed || s.pods["brief"].Phase != "Succeeded" {
		t.Errorf("expected that the claim holds, found the verdict %s, %+v, %+v", s.verdict, s.failed, s.pods)
	}
}

func TestAWaitWithoutThePermissionToWatchEndsAtOnce(t *testing.T) {
	f := newFixture(t, "no-watch")
	pod := f.start(f.client("still", ""))
	cfg, err := limited(t, f, "get").ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	pods, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := wait.WithTimeout(t.Context(), podTimeout)
	defer cancel()
	err = wait.For(ctx, pods.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(pod.Namespace), pod.Name, wait.Deleted)
	if !apierrors.IsForbidden(err) {
		t.Errorf("expected that watching is forbidden, found %v", err)
	}
}
